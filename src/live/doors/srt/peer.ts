import { setTimeout as wait } from 'node:timers/promises';
import { Fault, type FaultCode } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import {
  type Conclusion,
  isMedia,
  isShutdown,
  newKeyMaterialAnswer,
  readConclusion,
  readHandshake,
  readNewKeyMaterial,
  rejection,
  shutdown,
  withKeyMaterial,
  withoutKeyMaterial,
} from '../../../kernel/srt/handshake.ts';
import { REASON, readStreamId, reasonOf } from '../../../kernel/srt/stream-id.ts';
import type { Desk } from '../../seams.ts';
import { Incoming } from '../incoming.ts';
import type { Ticket } from '../turnstile.ts';
import { CallerKeys } from './caller-keys.ts';
import { type Arrived, Relay } from './relay.ts';

export interface PeerParts {
  readonly desk: Desk;
  readonly log: Log;
  readonly address: string;
  readonly ticket: Ticket;
  /** Empty where nothing is encrypted. */
  readonly passphrase: string;
  /** To the caller. */
  send(packet: Uint8Array): void;
  /** ffmpeg has taken the caller in, and is called by this id from now on. */
  open(socketId: number): void;
  /** It is over, and may be forgotten. */
  close(): void;
}

/** Callers give up after three seconds (SRTO_CONNTIMEO). */
const CONNECT_MS = 3_000;
/** Both sides say something once a second at least; libsrt takes the other for dead after five (SRTO_PEERIDLETIMEO). */
const IDLE_MS = 5_000;
/** The least that libsrt holds back, and the most that is waited for here. */
const LATENCY_MS = { least: 120, most: 4_000 } as const;
/** For what is held back to be handed on, beyond the latency. */
const DRAIN_MS = 200;
/** For ffmpeg to hand on the last of it, and to end by itself. */
const LAST_MS = 2_000;

/** One SRT caller, from its conclusion on. */
export class SrtPeer {
  readonly #parts: PeerParts;
  readonly #conclusion: Arrived;
  readonly #asked: Conclusion;
  readonly #callerId: number;
  readonly #keys: CallerKeys | undefined;
  #relay: Relay | undefined;
  #publisher: Incoming | undefined;
  /** Said again to a caller that did not hear it. */
  #answer: Uint8Array | undefined;
  #idle: NodeJS.Timeout | undefined;
  #drain: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(parts: PeerParts, conclusion: Uint8Array) {
    this.#parts = parts;
    this.#conclusion = { packet: new Uint8Array(conclusion), arrivedMs: performance.now() };
    this.#asked = readConclusion(this.#conclusion.packet);
    this.#callerId = readHandshake(conclusion)?.socketId ?? 0;
    if (parts.passphrase !== '') this.#keys = new CallerKeys(parts.passphrase);
  }

  /** Asks the desk, and lets the caller through to an ffmpeg. Never rejects. */
  async start(): Promise<void> {
    const { desk, address } = this.#parts;
    const id = readStreamId(this.#asked.streamId);
    if (this.#asked.isEncrypted !== (this.#keys !== undefined)) return this.#reject(REASON.unsecure);
    if ('reason' in id) return this.#reject(id.reason);
    if (this.#keys && !(await this.#keys.learn(this.#asked.keyMaterial))) return this.#reject(REASON.badSecret);
    if (this.#isOver) return;
    try {
      const place = await desk.admit({ door: 'srt', streamKey: id.streamKey, address });
      const connected = this.#isOver ? undefined : this.#connect();
      // An ffmpeg that cannot be started leaves nobody in the place.
      connected?.catch(() => place.leave());
      const publisher = await connected;
      if (publisher) place.take(publisher);
      else place.leave();
    } catch (cause) {
      this.#reject(reasonOf(Fault.from(cause).code));
    }
  }

  /** The caller says its conclusion again. */
  repeat(): void {
    if (this.#answer) this.#parts.send(this.#answer);
  }

  fromCaller(packet: Uint8Array): void {
    this.#idle?.refresh();
    if (isShutdown(packet)) this.#goodbye(packet);
    else if (this.#keys) this.#fromEncrypting(packet, this.#keys);
    else this.#relay?.send(packet);
  }

  /** ffmpeg is told nothing of keys: a passphrase in its arguments would be read by everybody on the machine. */
  #fromEncrypting(packet: Uint8Array, keys: CallerKeys): void {
    const renewed = readNewKeyMaterial(packet);
    const plain = renewed ? undefined : isMedia(packet) ? keys.open(packet) : packet;
    if (renewed) void this.#renew(new Uint8Array(renewed), keys);
    else if (plain) this.#relay?.send(plain);
  }

  async #renew(message: Uint8Array, keys: CallerKeys): Promise<void> {
    const isUnderstood = await keys.learn(message);
    if (isUnderstood && !this.#isOver) this.#parts.send(newKeyMaterialAnswer(this.#callerId, message));
  }

  /** SRT has no words for it but the end. */
  close(reason: FaultCode): void {
    if (this.#isOver) return;
    this.#parts.log.debug({ address: this.#parts.address, reason }, 'publisher sent away');
    if (this.#publisher) this.#parts.send(shutdown(this.#callerId));
    this.#end();
  }

  async #connect(): Promise<Incoming | undefined> {
    const relay = await Relay.start((packet) => this.#parts.send(packet));
    this.#relay = relay;
    const { keyMaterial } = this.#asked;
    const { packet, arrivedMs } = this.#conclusion;
    const said = { packet: keyMaterial ? withoutKeyMaterial(packet) : packet, arrivedMs };
    const answer = await relay.conclude(said, CONNECT_MS);
    const socketId = answer && readHandshake(answer)?.socketId;
    if (this.#isOver || !socketId) {
      relay.stop();
      this.#reject(REASON.internal);
      return undefined;
    }
    this.#parts.ticket.admitted();
    this.#parts.open(socketId);
    this.#answer = keyMaterial ? withKeyMaterial(answer, keyMaterial) : answer;
    this.repeat();
    this.#idle = setTimeout(() => this.#end(), IDLE_MS);
    return this.#publish(relay);
  }

  #publish({ receiver }: Relay): Incoming {
    const publisher = new Incoming({
      ...{ door: 'srt', address: this.#parts.address, container: 'mpegts' },
      resume: () => receiver.bytes.resume(),
      dismiss: (reason) => this.close(reason ?? 'UNAVAILABLE'),
    });
    this.#publisher = publisher;
    // What is not read in time piles up in ffmpeg, which then leaves out packets, as is SRT's way.
    receiver.bytes.on('data', (bytes: Buffer) => {
      if (!publisher.push(bytes)) receiver.bytes.pause();
    });
    receiver.bytes.on('close', () => this.#end());
    receiver.bytes.on('error', () => {}); // 'close' follows
    return publisher;
  }

  /** ffmpeg forgets what it holds back when it is told of the end, so it is told when that has been handed on. */
  #goodbye(packet: Uint8Array): void {
    if (this.#drain || !this.#publisher) return;
    const { least, most } = LATENCY_MS;
    const latencyMs = Math.min(most, Math.max(least, this.#asked.latencyMs));
    const last = new Uint8Array(packet);
    clearTimeout(this.#idle);
    this.#drain = setTimeout(() => {
      this.#relay?.send(last);
      this.#drain = setTimeout(() => this.#end(), LAST_MS);
    }, latencyMs + DRAIN_MS);
  }

  #reject(reason: number): void {
    if (this.#isOver) return;
    this.#answer = rejection(this.#conclusion.packet, reason);
    this.repeat();
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#idle);
    clearTimeout(this.#drain);
    this.#publisher?.end(this.#drain ? 'finished' : 'lost');
    this.#relay?.stop();
    void this.#forget();
  }

  /**
   * A caller that did not hear the answer asks again: it gets the same one, and nobody else is asked. It counts as one who
   * waits for as long as it is remembered: of those there are as many as there are ports and socket ids.
   */
  async #forget(): Promise<void> {
    await wait(this.#publisher ? 0 : CONNECT_MS, undefined, { ref: false });
    this.#parts.ticket.leave();
    this.#parts.close();
  }
}
