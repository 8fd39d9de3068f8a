import { FAULTS, Fault, type FaultCode } from '../../../kernel/errors.ts';
import {
  type BrowserSays,
  type DoorSays,
  isMatroskaType,
  readBrowserMessage,
  startsMatroska,
} from '../../../kernel/live/browser-ingest.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Desk } from '../../seams.ts';
import { Incoming } from '../incoming.ts';
import type { Ticket } from '../turnstile.ts';

/** What is used of a WebSocket of `ws`. */
export interface IngestSocket {
  send(text: string): void;
  close(code: number): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(event: 'message', listener: (bytes: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'close' | 'error', listener: () => void): unknown;
}

export interface IngestTimes {
  /** From the upgrade to `publish`. */
  readonly introductionMs: number;
  /** How long a publisher may send nothing. */
  readonly idleMs: number;
}

/** RFC 6455 section 7.4.1. */
const CLOSE = { normal: 1000, goingAway: 1001, refused: 1008 } as const;
/** Recorders hand out ten a second or so; so many would be a flood of tiny ones. */
const MOST_MESSAGES_PER_SECOND = 500;
/** How long the other end may take to close, too. */
const LAST_WORDS_MS = 1_000;

/** One browser that publishes. */
export class IngestConnection {
  readonly #desk: Desk;
  readonly #log: Log;
  readonly #times: IngestTimes;
  readonly #socket: IngestSocket;
  readonly #address: string;
  readonly #ticket: Ticket;
  #publisher: Incoming | undefined;
  #timer: NodeJS.Timeout;
  #hasBegun = false;
  #isAsking = false;
  #isPaused = false;
  #isOver = false;
  #second = 0;
  #messages = 0;

  constructor(
    parts: { readonly desk: Desk; readonly log: Log; readonly times: IngestTimes },
    socket: IngestSocket,
    address: string,
    ticket: Ticket,
  ) {
    this.#desk = parts.desk;
    this.#log = parts.log;
    this.#times = parts.times;
    this.#socket = socket;
    this.#address = address;
    this.#ticket = ticket;
    this.#timer = setTimeout(() => this.#hangUp('took too long to begin'), parts.times.introductionMs);
    socket.on('message', (bytes, isBinary) => this.#receive(bytes, isBinary));
    socket.on('error', () => {}); // 'close' follows: also for a message that is too large
    socket.on('close', () => this.#left());
  }

  close(reason: FaultCode): void {
    if (this.#isOver) return;
    this.#say({ type: 'refused', code: reason, says: FAULTS[reason].says });
    this.#end(reason === 'UNAVAILABLE' ? CLOSE.goingAway : CLOSE.refused);
  }

  #receive(bytes: Buffer, isBinary: boolean): void {
    if (this.#isOver) return;
    if (this.#isFlood()) this.#hangUp('sent too many messages');
    else if (isBinary) this.#take(bytes);
    else this.#hear(readBrowserMessage(bytes.toString()));
  }

  #hear(message: BrowserSays | undefined): void {
    if (message?.type === 'publish' && !this.#isAsking) void this.#introduce(message);
    else if (message?.type === 'finished') this.#finish();
    else this.close('INVALID_REQUEST');
  }

  async #introduce({ streamKey, mimeType }: BrowserSays & { type: 'publish' }): Promise<void> {
    this.#isAsking = true;
    if (!isMatroskaType(mimeType)) return this.close('LIVE_MEDIA_REFUSED');
    this.#pause();
    try {
      const place = await this.#desk.admit({ door: 'websocket', streamKey, address: this.#address });
      if (this.#isOver) return place.leave();
      place.take(this.#begin());
    } catch (cause) {
      this.close(Fault.from(cause).code);
    }
  }

  #begin(): Incoming {
    this.#ticket.admitted();
    this.#say({ type: 'accepted' });
    this.#publisher = new Incoming({
      ...{ door: 'websocket', address: this.#address, container: 'matroska' },
      resume: () => this.#resume(),
      dismiss: (reason) => (reason ? this.close(reason) : this.#end(CLOSE.normal)),
    });
    this.#resume();
    return this.#publisher;
  }

  #take(bytes: Buffer): void {
    if (!this.#publisher) this.#hangUp('sent media before it was accepted');
    else if (!this.#hasBegun && !startsMatroska(bytes)) this.close('LIVE_MEDIA_REFUSED');
    else this.#pass(this.#publisher, bytes);
  }

  #pass(publisher: Incoming, bytes: Buffer): void {
    this.#hasBegun = true;
    // What was on its way when the socket was paused may still come.
    const isFull = !publisher.push(bytes);
    if (isFull) this.#pause();
    else if (!this.#isPaused) this.#timer.refresh();
  }

  #pause(): void {
    this.#isPaused = true;
    clearTimeout(this.#timer);
    this.#socket.pause();
  }

  /** Goes on reading, and expects something to come. */
  #resume(): void {
    if (this.#isOver) return;
    this.#isPaused = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hangUp('sent nothing for too long'), this.#times.idleMs);
    this.#socket.resume();
  }

  #finish(): void {
    this.#publisher?.end('finished');
    this.#end(CLOSE.normal);
  }

  #isFlood(): boolean {
    const second = Math.floor(performance.now() / 1_000);
    this.#messages = second === this.#second ? this.#messages + 1 : 1;
    this.#second = second;
    return this.#messages > MOST_MESSAGES_PER_SECOND;
  }

  #say(message: DoorSays): void {
    this.#socket.send(JSON.stringify(message));
  }

  #hangUp(why: string): void {
    this.#log.debug({ address: this.#address, why }, 'connection ended');
    this.#end(CLOSE.refused);
  }

  #end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#forget();
    this.#socket.resume();
    this.#socket.close(code);
    this.#timer = setTimeout(() => this.#socket.terminate(), LAST_WORDS_MS);
  }

  #left(): void {
    this.#isOver = true;
    this.#forget();
    this.#ticket.leave();
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#publisher?.end('lost');
  }
}
