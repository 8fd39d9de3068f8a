import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../kernel/errors.ts';
import { faultOf, type Range } from './bucket.ts';

/** How often in a row a connection may break without a byte in between. */
const BREAKS = 4;
const PAUSE_MS = 100;

/** Opens the rest of the very same object anew. */
export type Reopen = (range: Range, abort: AbortSignal) => Promise<Readable>;

/**
 * An object's bytes over as many connections as it takes: where one breaks, the rest is asked for by range. Nothing is
 * held but what the reader is about to take, and a reader who leaves closes the connection.
 */
export class ResumingBody extends Readable {
  readonly #end: number;
  readonly #reopen: Reopen;
  readonly #left = new AbortController();
  #at: number;
  #source: Readable;
  #chunks: AsyncIterator<Buffer>;
  #breaks = 0;

  constructor(first: Readable, { start, end }: Range, reopen: Reopen) {
    super({ highWaterMark: 256 * 1024 });
    this.#source = first;
    this.#chunks = first[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#at = start;
    this.#end = end;
    this.#reopen = reopen;
  }

  override _read(): void {
    this.#next().then(
      (bytes) => this.push(bytes),
      (cause: unknown) => this.destroy(cause as Error),
    );
  }

  override _destroy(cause: Error | null, done: (cause: Error | null) => void): void {
    this.#left.abort();
    this.#source.destroy();
    done(cause);
  }

  /** The bytes that come next, null at the end. */
  async #next(): Promise<Buffer | null> {
    while (this.#at < this.#end) {
      try {
        const { value, done } = await this.#chunks.next();
        if (done) throw new Error('the answer ended early');
        this.#at += value.length;
        this.#breaks = 0;
        return value;
      } catch (cause) {
        await this.#goOn(cause);
      }
    }
    return null;
  }

  async #goOn(cause: unknown): Promise<void> {
    const abort = this.#left.signal;
    abort.throwIfAborted();
    this.#breaks += 1;
    if (this.#breaks > BREAKS) throw faultOf(cause);
    this.#source.destroy();
    await pause(PAUSE_MS * 2 ** this.#breaks, undefined, { signal: abort });
    this.#source = await this.#reopen({ start: this.#at, end: this.#end }, abort);
    // Whoever left while this was on its way has destroyed the connection before.
    if (abort.aborted) this.#source.destroy();
    this.#chunks = this.#source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }
}

/** The object is another one by now: what was read so far does not go with what would come. */
export function replaced(key: string): Fault {
  return new Fault('UNAVAILABLE', { detail: { why: 'the object was replaced while it was read', key } });
}
