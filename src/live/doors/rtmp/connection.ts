import type { Socket } from 'node:net';
import { FAULTS, Fault, type FaultCode } from '../../../kernel/errors.ts';
import type { Log } from '../../../kernel/log.ts';
import { ChunkReader } from '../../../kernel/rtmp/chunks.ts';
import { ACKNOWLEDGE_BYTES, type Act, acknowledge, Dialogue } from '../../../kernel/rtmp/dialogue.ts';
import { Handshake } from '../../../kernel/rtmp/handshake.ts';
import type { RtmpMessage } from '../../../kernel/rtmp/message.ts';
import type { Desk } from '../../seams.ts';
import { Incoming } from '../incoming.ts';
import type { Ticket } from '../turnstile.ts';
import { FlashSource } from './flash-source.ts';

export interface ConnectionParts {
  readonly desk: Desk;
  readonly log: Log;
  /** From the first byte to `publish`. */
  readonly introductionMs: number;
  /** How long a publisher may send nothing. */
  readonly idleMs: number;
}

/** How long a connection stays open for the words with which it was ended. */
const LAST_WORDS_MS = 1_000;
/** Answers that are not read: an encoder asks a few things, once. */
const MOST_UNREAD_BYTES = 64 * 1024;
/** Whoever is further ahead of time is read no faster than time passes. */
const MOST_LEAD_MS = 5_000;

/** One encoder at the door, from its first byte to its last. */
export class RtmpConnection {
  readonly #parts: ConnectionParts;
  readonly #socket: Socket;
  readonly #ticket: Ticket;
  readonly #address: string;
  readonly #chunks = new ChunkReader();
  readonly #dialogue = new Dialogue();
  readonly #introduction: NodeJS.Timeout;
  #handshake: Handshake | undefined = new Handshake();
  #publisher: Incoming | undefined;
  #source: FlashSource | undefined;
  #pace: NodeJS.Timeout | undefined;
  /** Acts that wait until the desk has decided. */
  #held: Act[] | undefined;
  #isFull = false;
  #isOver = false;
  #receivedBytes = 0;
  #acknowledgedBytes = 0;

  constructor(parts: ConnectionParts, socket: Socket, address: string, ticket: Ticket) {
    this.#parts = parts;
    this.#socket = socket;
    this.#address = address;
    this.#ticket = ticket;
    this.#introduction = setTimeout(() => this.#hangUp('took too long to begin'), parts.introductionMs);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('timeout', () => this.#idle());
    socket.on('error', () => {}); // 'close' follows, and says the same
    socket.on('close', () => this.#left());
  }

  /** Ends it, with words where the encoder has got so far. */
  close(reason: FaultCode): void {
    if (this.#isOver) return;
    if (!this.#handshake) this.#send(this.#dialogue.refusal(`${FAULTS[reason].says} (${reason})`));
    this.#end();
  }

  #receive(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#receivedBytes += bytes.length;
    try {
      this.#read(bytes);
    } catch (cause) {
      this.#hangUp(cause instanceof Error ? cause.message : 'what it sent could not be read');
    }
    this.#settleFlow();
  }

  #read(bytes: Uint8Array): void {
    const rest = this.#handshake ? this.#shake(bytes) : bytes;
    if (!rest) return;
    for (const message of this.#chunks.push(rest)) this.#perform(this.#dialogue.take(message));
    if (this.#receivedBytes - this.#acknowledgedBytes < ACKNOWLEDGE_BYTES) return;
    this.#acknowledgedBytes = this.#receivedBytes;
    this.#send(acknowledge(this.#receivedBytes));
  }

  #shake(bytes: Uint8Array): Uint8Array | undefined {
    const shaken = this.#handshake?.push(bytes);
    if (shaken?.answer) this.#send(shaken.answer);
    if (shaken?.rest) this.#handshake = undefined;
    return shaken?.rest;
  }

  #perform(acts: readonly Act[]): void {
    for (const act of acts) {
      if (this.#isOver) return;
      if (this.#held) this.#held.push(act);
      else this.#act(act);
    }
  }

  #act(act: Act): void {
    if (act.kind === 'send') this.#send(act.bytes);
    else if (act.kind === 'media') this.#take(act.message);
    else if (act.kind === 'metadata') this.#source?.announce(act.fields);
    else if (act.kind === 'publish') void this.#introduce(act.streamKey);
    else if (act.kind === 'hang-up') this.#hangUp(act.why);
    else {
      this.#publisher?.end('finished');
      this.#end();
    }
  }

  async #introduce(streamKey: string): Promise<void> {
    this.#held = [];
    clearTimeout(this.#introduction);
    try {
      const place = await this.#parts.desk.admit({ door: 'rtmp', streamKey, address: this.#address });
      if (this.#isOver) return place.leave();
      place.take(this.#begin());
    } catch (cause) {
      this.close(Fault.from(cause).code);
    }
  }

  #begin(): Incoming {
    this.#ticket.admitted();
    this.#send(this.#dialogue.welcome());
    const publisher = new Incoming({
      ...{ door: 'rtmp', address: this.#address, container: 'flv' },
      resume: () => {
        this.#isFull = false;
        this.#settleFlow();
      },
      dismiss: (reason) => (reason ? this.close(reason) : this.#end()),
    });
    this.#publisher = publisher;
    this.#source = new FlashSource((bytes) => {
      this.#isFull = !publisher.push(bytes);
    });
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#perform(held);
    this.#settleFlow();
    return publisher;
  }

  #take(message: RtmpMessage): void {
    const isTaken = this.#source?.take(message, monotonicMs());
    if (isTaken === false) this.close('LIVE_MEDIA_REFUSED');
  }

  /** Whether the socket is read from: not while somebody decides, the encoder is behind, or the publisher is ahead. */
  #settleFlow(): void {
    if (this.#isOver) return;
    const leadMs = this.#source?.leadMs(monotonicMs()) ?? 0;
    if (leadMs > MOST_LEAD_MS && !this.#pace) {
      this.#pace = setTimeout(() => {
        this.#pace = undefined;
        this.#settleFlow();
      }, leadMs - MOST_LEAD_MS);
    }
    if (this.#held || this.#isFull || this.#pace) {
      this.#socket.pause();
      this.#socket.setTimeout(0);
    } else if (this.#socket.isPaused()) {
      this.#socket.setTimeout(this.#parts.idleMs);
      this.#socket.resume();
    }
  }

  #idle(): void {
    this.#hangUp('sent nothing for too long');
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > MOST_UNREAD_BYTES) this.#hangUp('does not read what it asked for');
  }

  #hangUp(why: string): void {
    this.#parts.log.debug({ address: this.#address, why }, 'connection ended');
    this.#end();
  }

  /** Closes our side, and soon the whole: an encoder that does not read has no say in when. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#forget();
    this.#socket.end();
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #left(): void {
    this.#isOver = true;
    this.#forget();
    this.#ticket.leave();
  }

  #forget(): void {
    clearTimeout(this.#introduction);
    clearTimeout(this.#pace);
    this.#socket.setTimeout(0);
    this.#publisher?.end('lost');
  }
}

/** Wall clocks are set back and forth; what is judged by this is not. */
function monotonicMs(): number {
  return Math.round(performance.now());
}
