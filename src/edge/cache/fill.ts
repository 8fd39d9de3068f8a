import { Fault } from '../../kernel/errors.ts';
import type { ResponseHead } from '../../kernel/http/fields.ts';
import type { UpstreamCall, UpstreamSink } from '../upstream.ts';
import type { Admission } from './admission.ts';
import type { CachedObject } from './cached-object.ts';
import type { Representation } from './representation.ts';

/**
 * One answer on its way from the origin, and everybody who reads it. The bytes form a growing list of chunks; each
 * reader has its own place in it and waits only for what has not arrived. A fill that is kept holds all its chunks and
 * becomes an entry at the end; any other holds a window and pauses the origin when its slowest reader falls behind.
 * Only the origin's callbacks and `take`/`leave` change it, and it ends exactly once.
 */
export type FillState = 'asking' | 'flowing' | 'complete' | 'not-modified' | 'failed';

/** What the fill knows once the origin's head has arrived. */
export interface Answer {
  /** For the viewer it was asked for. */
  readonly head: Representation;
  /** For everybody else: the same, without what the origin meant for one viewer only. */
  readonly sharedHead: Representation;
  readonly admission: Admission;
  /** Bytes the origin promised; undefined when it did not say. */
  readonly declaredBytes: number | undefined;
  /** Epoch milliseconds at which the answer's age was zero. */
  readonly bornAtMs: number;
  /** The request fields that the answer depends on, as they were in the request that led to it. */
  readonly variant: string;
  /** What was in hand of the body: the origin sends the rest. */
  readonly prefix?: Buffer | undefined;
}

/** What a fill asks of the house: decisions and room, so that this file holds only the flow of bytes. */
export interface FillOwner {
  /** Judges the head; a stored copy when that is what it confirms; `again` when it answers another question. */
  judge(fill: Fill, head: ResponseHead): Answer | CachedObject | 'again';
  /** Asks anew, without conditions. */
  askAgain(fill: Fill): UpstreamCall;
  /** Asks for room for more bytes of a kept fill. */
  reserve(fill: Fill, bytes: number): boolean;
  /** The fill is not kept: its first bytes go when its readers have them, so nobody may join any more. */
  unkept(fill: Fill): void;
  /** A kept fill has all its bytes. */
  store(fill: Fill, answer: Answer, body: Buffer): CachedObject | undefined;
  /** Called once, whatever the end. */
  ended(fill: Fill): void;
}

/** Words before the answer that are passed on; an origin with more of them has nothing to say. */
const MAX_INTERIMS = 8;

/** How far the origin may run ahead of the slowest reader of a fill that is not kept. */
const WINDOW_BYTES = 1_048_576;

/** Between two rounds of news; some twenty readers are told at once. */
const PAUSE_MS_PER_READER = 0.05;
const MAX_PAUSE_MS = 40;

export interface FillTraits {
  readonly key: string;
  readonly startedAtMs: number;
  /** Answers to HEAD have no body, whatever their Content-Length. */
  readonly bodiless: boolean;
  /** Goes on without readers: a refresh behind a stale copy, or a segment fetched ahead. */
  readonly background: boolean;
  /** Asked for before any viewer did, so that its failure is no viewer's answer. */
  readonly ahead: boolean;
}

export class Fill implements UpstreamSink {
  traits: FillTraits;
  state: FillState = 'asking';
  answer: Answer | undefined;
  object: CachedObject | undefined;
  fault: Fault | undefined;
  receivedBytes = 0;
  /** What the origin said before its answer: for those who wait for it, never stored. RFC 9110 section 15.2. */
  readonly interims: ResponseHead[] = [];
  /** False when bytes are dropped once every reader has them. */
  kept = false;
  /** A viewer has read it, or does. */
  watched = false;
  /** Would have been kept, had there been room. */
  overgrown = false;
  /** The resource was changed while this was on its way: what comes is told to those who wait, and not stored. */
  outdated = false;
  readonly #owner: FillOwner;
  readonly #readers = new Set<FillReader>();
  readonly #listeners = new Set<() => void>();
  #chunks: Buffer[] = [];
  /** Index of the first chunk still held. */
  #base = 0;
  #baseBytes = 0;
  #call: UpstreamCall | undefined;
  #paused = false;
  /** The answer under way is worth nothing; the next question goes out when it is over. */
  #again = false;
  #waking = false;
  #timer: NodeJS.Timeout | undefined;
  #wokeAt = 0;

  constructor(traits: FillTraits, owner: FillOwner) {
    this.traits = traits;
    this.#owner = owner;
  }

  get ended(): boolean {
    return this.state !== 'asking' && this.state !== 'flowing';
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  /** Who gave the answer, once there is one. */
  get origin(): string | undefined {
    return this.#call?.origin;
  }

  begin(call: UpstreamCall): void {
    this.#call = call;
  }

  join(): FillReader {
    const reader = new FillReader(this);
    this.#readers.add(reader);
    this.watched = true;
    return reader;
  }

  /** Calls back once at the next change: a head, bytes, an end. Returns how to take that back. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // From the origin

  interim(head: ResponseHead): void {
    if (this.ended || this.interims.length >= MAX_INTERIMS) return;
    this.interims.push(head);
    this.#wake();
  }

  head(head: ResponseHead): void {
    if (this.ended) return;
    const judged = this.#owner.judge(this, head);
    if (judged === 'again') {
      this.#again = true;
      return;
    }
    if ('admission' in judged) {
      this.answer = judged;
      this.state = 'flowing';
      this.kept = judged.admission.keep && this.#owner.reserve(this, judged.declaredBytes ?? 0);
      this.overgrown = judged.admission.keep && !this.kept;
      if (!this.kept) this.#owner.unkept(this);
      if (judged.prefix) this.#append(judged.prefix);
    } else {
      this.object = judged;
      this.#end('not-modified');
      return;
    }
    this.#wake();
  }

  data(chunk: Buffer): boolean {
    if (this.ended) return true;
    if (this.#again) {
      this.#call?.abort();
      return true;
    }
    if (this.kept && this.answer?.declaredBytes === undefined && !this.#owner.reserve(this, chunk.length)) {
      this.#stopKeeping();
    }
    this.#append(chunk);
    this.#wakeSoon();
    this.#paused = !this.#hasRoom();
    // Nobody will ever take these bytes: without this a background fill that found no room would stand still for ever.
    if (this.#paused && this.#readers.size === 0) this.abandon();
    return !this.#paused;
  }

  end(): void {
    if (this.ended) return;
    if (this.#asksAgain()) return;
    const declared = this.traits.bodiless ? undefined : this.answer?.declaredBytes;
    if (declared !== undefined && declared !== this.receivedBytes) {
      this.fail(new Fault('ORIGIN_TRUNCATED', { detail: { declared, received: this.receivedBytes } }));
      return;
    }
    if (this.kept && this.answer) this.object = this.#owner.store(this, this.answer, this.#body());
    this.#end('complete');
  }

  fail(fault: Fault): void {
    if (this.ended || this.#asksAgain()) return;
    this.fault = fault;
    this.#end('failed');
  }

  /** From now on without readers too. */
  goOnAlone(): void {
    this.traits = { ...this.traits, background: true };
  }

  /** Ends the fill because nobody wants it any more, or shall wait for it any longer. */
  abandon(fault = new Fault('VIEWER_GONE')): void {
    if (this.ended) return;
    this.fault = fault;
    this.#end('failed');
    this.#call?.abort();
  }

  #asksAgain(): boolean {
    if (!this.#again) return false;
    this.#again = false;
    this.#call = this.#owner.askAgain(this);
    return true;
  }

  #append(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    this.#chunks.push(chunk);
  }

  /** All that has come of a fill that is kept. */
  arrived(): Buffer {
    return this.#body();
  }

  // From readers

  /** The chunk at a place in the list, undefined when it has not arrived. */
  chunkAt(index: number): Buffer | undefined {
    return this.#chunks[index - this.#base];
  }

  advanced(): void {
    if (this.kept) return;
    this.#trim();
    if (this.#paused && this.#hasRoom()) {
      this.#paused = false;
      this.#call?.resume();
    }
  }

  left(reader: FillReader): void {
    if (!this.#readers.delete(reader) || this.ended) return;
    if (this.#readers.size > 0) this.advanced();
    else if (!this.#worthFinishing()) this.abandon();
  }

  /** Half the way is worth going to the end of; before that the next viewer may as well start anew. */
  #worthFinishing(): boolean {
    if (this.traits.background) return true;
    const declared = this.answer?.declaredBytes;
    return this.kept && declared !== undefined && this.receivedBytes * 2 >= declared;
  }

  #stopKeeping(): void {
    this.kept = false;
    this.overgrown = true;
    this.#owner.unkept(this);
    if (this.#readers.size === 0) this.abandon();
    else this.#trim();
  }

  #hasRoom(): boolean {
    return this.kept || this.receivedBytes - this.#baseBytes < WINDOW_BYTES;
  }

  /** Drops the chunks that every reader has passed. */
  #trim(): void {
    let lowest = Number.POSITIVE_INFINITY;
    for (const reader of this.#readers) lowest = Math.min(lowest, reader.index);
    while (this.#base < lowest && this.#chunks.length > 0) {
      this.#baseBytes += this.#chunks.shift()?.length ?? 0;
      this.#base += 1;
    }
  }

  /** One slab of its own: the chunks are views into larger socket buffers, which would stay alive with them. */
  #body(): Buffer {
    const body = Buffer.allocUnsafeSlow(this.receivedBytes);
    let at = 0;
    this.#chunks = this.#chunks.map((chunk) => {
      const start = at;
      at += chunk.copy(body, at);
      return body.subarray(start, at);
    });
    return body;
  }

  #end(state: FillState): void {
    this.state = state;
    this.#owner.ended(this);
    this.#wake();
  }

  /**
   * Chunks that arrive in one turn are one piece of news, and with hundreds of readers those of several turns are: each
   * round of writes takes its time, and a loop that does nothing else falls behind the origin.
   */
  #wakeSoon(): void {
    if (this.#waking || this.#listeners.size === 0) return;
    this.#waking = true;
    const pauseMs = Math.min(this.#readers.size * PAUSE_MS_PER_READER, MAX_PAUSE_MS);
    const leftMs = this.#wokeAt + pauseMs - performance.now();
    if (pauseMs < 1 || leftMs < 1) setImmediate(() => this.#wake());
    else this.#timer = setTimeout(() => this.#wake(), leftMs);
  }

  #wake(): void {
    clearTimeout(this.#timer);
    this.#waking = false;
    this.#wokeAt = performance.now();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}

/** One reader's place in a fill. */
export class FillReader {
  readonly fill: Fill;
  index = 0;

  constructor(fill: Fill) {
    this.fill = fill;
  }

  /** The next chunk in hand, undefined when it is still to come or there is none. */
  take(): Buffer | undefined {
    const chunk = this.fill.chunkAt(this.index);
    if (chunk) {
      this.index += 1;
      this.fill.advanced();
    }
    return chunk;
  }

  leave(): void {
    this.fill.left(this);
  }
}
