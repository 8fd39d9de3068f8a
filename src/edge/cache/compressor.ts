import type { Transform } from 'node:stream';
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { Fault } from '../../kernel/errors.ts';
import type { Coding } from '../../kernel/http/coding.ts';
import type { UpstreamCall, UpstreamSink } from '../upstream.ts';
import type { Fill, FillReader } from './fill.ts';

/** What an origin that pauses has sent so far is brought to its viewers after this. */
const FLUSH_MS = 20;
/** How much is compressed in one go, on a thread that reading from disk waits for too. */
const SLICE_BYTES = 65_536;

type Encoder = Transform & { flush(kind: number, done?: () => void): void };

interface Recipe {
  /** Says beforehand how much will come, where that is known. */
  make(sizeBytes: number | undefined): Encoder;
  /** All of a small body at once, on this very thread. */
  now(body: Buffer): Buffer;
  /** What brings out all that went in. */
  readonly flush: number;
}

const BROTLI = {
  [constants.BROTLI_PARAM_QUALITY]: 5,
  [constants.BROTLI_PARAM_LGWIN]: 19,
  [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
};
const ZSTD = { [constants.ZSTD_c_compressionLevel]: 6, [constants.ZSTD_c_windowLog]: 19 };
const GZIP = { level: 6 };

/**
 * Levels that keep up with an origin, since the first viewer gets these very bytes. The windows are smaller than the
 * library's own, which bounds what a running encoder holds: docs/decisions/0022-compression.md.
 */
const RECIPES: Readonly<Record<Coding, Recipe>> = {
  br: {
    make: (sizeBytes = 0) =>
      createBrotliCompress({ params: { ...BROTLI, [constants.BROTLI_PARAM_SIZE_HINT]: sizeBytes } }),
    now: (body) => brotliCompressSync(body, { params: { ...BROTLI, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
    flush: constants.BROTLI_OPERATION_FLUSH,
  },
  zstd: {
    make: () => createZstdCompress({ params: ZSTD }),
    now: (body) => zstdCompressSync(body, { params: ZSTD }),
    flush: constants.ZSTD_e_flush,
  },
  gzip: { make: () => createGzip(GZIP), now: (body) => gzipSync(body, GZIP), flush: constants.Z_SYNC_FLUSH },
};

/** A small body in a coding, made on this very thread. */
export function compressNow(coding: Coding, body: Buffer): Buffer {
  return RECIPES[coding].now(body);
}

/**
 * Sends a body on in a coding, as an origin of its own: what it is fed comes from a fill at that one's speed or from a
 * whole body, and when whoever takes it pauses, it takes no more itself. A body that breaks off is broken off.
 */
export class Compressor implements UpstreamCall {
  readonly #source: FillReader | WholeBody;
  readonly #sink: UpstreamSink;
  readonly #recipe: Recipe;
  readonly #encoder: Encoder;
  /** Fed so far. */
  takenBytes = 0;
  #over = false;
  #wake: (() => void) | undefined;

  constructor(coding: Coding, from: Buffer | Fill, sink: UpstreamSink) {
    const isWhole = Buffer.isBuffer(from);
    this.#source = isWhole ? new WholeBody(from) : from.join();
    this.#sink = sink;
    this.#recipe = RECIPES[coding];
    this.#encoder = this.#recipe.make(isWhole ? from.length : from.answer?.declaredBytes);
  }

  start(): void {
    this.#encoder.on('data', (chunk: Buffer) => {
      if (!this.#sink.data(chunk)) this.#encoder.pause();
    });
    this.#encoder.on('end', () => this.#finish(() => this.#sink.end()));
    this.#encoder.on('error', (cause) => this.#finish(() => this.#sink.fail(Fault.from(cause))));
    void this.#feed();
  }

  resume(): void {
    this.#encoder.resume();
  }

  abort(): void {
    this.#finish(() => {});
  }

  /** Once, however it ends. */
  #finish(tell: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#source.leave();
    this.#encoder.destroy();
    tell();
    this.#wake?.();
  }

  async #feed(): Promise<void> {
    for (let held = false; !this.#over; ) {
      const chunk = this.#source.take();
      if (chunk) {
        held = true;
        this.takenBytes += chunk.length;
        if (!this.#encoder.write(chunk)) await this.#until((go) => this.#encoder.once('drain', go));
        continue;
      }
      const { fill } = this.#source;
      const { fault } = fill;
      if (fault) return this.#finish(() => this.#sink.fail(fault));
      if (fill.ended) {
        this.#encoder.end();
        return;
      }
      const isNews = await this.#news(fill, held ? FLUSH_MS : undefined);
      if (!isNews && !this.#over) this.#encoder.flush(this.#recipe.flush);
      held = isNews && held;
    }
  }

  /** Whether something came of a fill in time. */
  async #news(fill: Pick<Fill, 'listen'>, patienceMs: number | undefined): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    let isNews = true;
    let stop = () => {};
    await this.#until((go) => {
      stop = fill.listen(go);
      if (patienceMs === undefined) return;
      timer = setTimeout(() => {
        isNews = false;
        go();
      }, patienceMs);
    });
    stop();
    clearTimeout(timer);
    return isNews;
  }

  /** Resolves when `begin`'s callback is called, or all is over. */
  #until(begin: (go: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      begin(resolve);
    });
  }
}

/** A body in hand, read as a fill is. */
class WholeBody {
  readonly fill: { readonly ended: true; readonly fault: undefined; listen(): () => void } = {
    ended: true,
    fault: undefined,
    listen: () => () => {},
  };
  #rest: Buffer;

  constructor(body: Buffer) {
    this.#rest = body;
  }

  take(): Buffer | undefined {
    if (this.#rest.length === 0) return undefined;
    const slice = this.#rest.subarray(0, SLICE_BYTES);
    this.#rest = this.#rest.subarray(SLICE_BYTES);
    return slice;
  }

  leave(): void {
    this.#rest = this.#rest.subarray(this.#rest.length);
  }
}
