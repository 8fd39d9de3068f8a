import { createHmac, randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { SettingsError } from '../../../config/settings.ts';
import { normalAddress } from '../../../kernel/address.ts';
import type { Log } from '../../../kernel/log.ts';
import {
  destinationOf,
  HANDSHAKE,
  type Handshake,
  inductionAnswer,
  readHandshake,
  rejection,
} from '../../../kernel/srt/handshake.ts';
import { REASON } from '../../../kernel/srt/stream-id.ts';
import type { Desk } from '../../seams.ts';
import { Turnstile, type TurnstileLimits } from '../turnstile.ts';
import { type PeerParts, SrtPeer } from './peer.ts';

export interface SrtDoorOptions {
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
  readonly desk: Desk;
  readonly log: Log;
  /** What callers have to encrypt with; empty where nobody encrypts. */
  readonly passphrase?: string;
  readonly limits?: TurnstileLimits;
}

/** Each that is let in has an ffmpeg. */
const LIMITS: TurnstileLimits = { everybody: 200, waiting: 64, waitingPerAddress: 16 };
/** What every encoder can be told: libsrt allows 79 bytes, ffmpeg 64. */
const PASSPHRASE = /^[\x21-\x7e]{10,64}$/;
const COOKIE_MS = 60_000;
/** Key frames come in bursts; the system may allow less. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

/**
 * Where SRT callers publish: `srt://host:8890?streamid=KEY`. ffmpeg speaks the protocol, but takes one caller and knows no
 * keys; so a gate stands before it that answers inductions, reads the stream id of conclusions, asks the desk, and passes on
 * the datagrams of those who are let in. Until a caller has shown by its cookie that it has its address, nothing is kept of
 * it.
 */
export class SrtDoor {
  readonly #options: SrtDoorOptions;
  readonly #turnstile: Turnstile;
  readonly #secret = randomBytes(32);
  /** By the caller's address and its own socket id. */
  readonly #callers = new Map<string, SrtPeer>();
  /** By the caller's address and the socket id that it sends to. */
  readonly #open = new Map<string, SrtPeer>();
  #socket: Socket | undefined;

  constructor(options: SrtDoorOptions) {
    this.#options = options;
    this.#turnstile = new Turnstile(options.limits ?? LIMITS);
  }

  /** Resolves with the port. @throws SettingsError for a passphrase that no caller could have */
  async start(): Promise<number> {
    const { host, port, log, passphrase = '' } = this.#options;
    if (passphrase !== '' && !PASSPHRASE.test(passphrase)) {
      throw new SettingsError(
        'FRONTROW_SRT_PASSPHRASE must have 10 to 64 letters, digits and signs of ASCII, or be empty.',
      );
    }
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BYTES });
    socket.bind(port, host);
    await once(socket, 'listening');
    socket.on('message', (packet, from) => this.#receive(packet, from));
    socket.on('error', (cause) => log.warn({ cause }, 'SRT socket failed'));
    this.#socket = socket;
    return socket.address().port;
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    for (const peer of this.#callers.values()) peer.close('UNAVAILABLE');
    socket.close();
    await once(socket, 'close');
  }

  #receive(packet: Buffer, from: RemoteInfo): void {
    const destination = destinationOf(packet);
    if (destination === undefined) return;
    if (destination !== 0) this.#open.get(nameOf(from, destination))?.fromCaller(packet);
    else this.#shake(packet, from, readHandshake(packet));
  }

  #shake(packet: Buffer, from: RemoteInfo, handshake: Handshake | undefined): void {
    if (handshake?.type === HANDSHAKE.induction) {
      this.#send(from, inductionAnswer(packet, this.#cookie(from, Date.now())));
    } else if (handshake?.type === HANDSHAKE.conclusion && this.#isOurs(handshake.cookie, from)) {
      const peer = this.#callers.get(nameOf(from, handshake.socketId));
      if (peer) peer.repeat();
      else this.#admit(packet, from, handshake);
    }
  }

  #admit(packet: Buffer, from: RemoteInfo, { version, socketId }: Handshake): void {
    const address = normalAddress(from.address) ?? '';
    const ticket = version === 5 ? this.#turnstile.enter(address) : undefined;
    if (ticket) this.#begin(packet, from, nameOf(from, socketId), { address, ticket });
    else this.#send(from, rejection(packet, version === 5 ? REASON.overload : REASON.version));
  }

  #begin(packet: Buffer, from: RemoteInfo, caller: string, who: Pick<PeerParts, 'address' | 'ticket'>): void {
    let opened: string | undefined;
    const { desk, log, passphrase = '' } = this.#options;
    const parts: PeerParts = {
      ...{ desk, log, passphrase, ...who },
      send: (bytes: Uint8Array) => this.#send(from, bytes),
      open: (id: number) => {
        opened = nameOf(from, id);
        this.#open.set(opened, peer);
      },
      close: () => {
        this.#callers.delete(caller);
        if (opened !== undefined) this.#open.delete(opened);
      },
    };
    const peer = new SrtPeer(parts, packet);
    this.#callers.set(caller, peer);
    void peer.start();
  }

  #send(to: RemoteInfo, packet: Uint8Array): void {
    this.#socket?.send(packet, to.port, to.address, () => {}); // whoever cannot be reached will be missed
  }

  /** Changes once a minute, and needs no memory of whom it was given to (section 4.3.1.1). */
  #cookie(from: RemoteInfo, nowMs: number): number {
    const text = `${from.address}:${from.port}:${Math.floor(nowMs / COOKIE_MS)}`;
    return createHmac('sha256', this.#secret).update(text).digest().readUInt32BE();
  }

  #isOurs(cookie: number, from: RemoteInfo): boolean {
    const nowMs = Date.now();
    return cookie === this.#cookie(from, nowMs) || cookie === this.#cookie(from, nowMs - COOKIE_MS);
  }
}

function nameOf({ address, port }: RemoteInfo, socketId: number): string {
  return `${address}:${port}/${socketId}`;
}
