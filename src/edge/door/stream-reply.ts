import { constants, type ServerHttp2Stream, type ServerStreamResponseOptions } from 'node:http2';
import type { PreparedFields, ViewerResponse } from '../viewer.ts';

/**
 * How much of a body the stream is given at once. Node reports a write when all of it is gone, so this is the grain in
 * which a slow viewer's progress is seen, and what one who takes nothing can hold.
 */
const SLICE_BYTES = 131_072;

/** An HTTP/2 stream as the phases answer it. */
export class StreamReply implements ViewerResponse {
  readonly #stream: ServerHttp2Stream;
  readonly prefersBytes = true;
  statusCode = 0;
  writableEnded = false;
  #givenBytes = 0;
  /** Of the last write, what has not been given to the stream yet. */
  #rest: Buffer | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  /** Node ends a stream without a body before anything was answered; only an answer can be finished. */
  get writableFinished(): boolean {
    return this.writableEnded && this.#stream.writableFinished && this.#stream.rstCode === constants.NGHTTP2_NO_ERROR;
  }

  get writableNeedDrain(): boolean {
    return this.#rest !== undefined || this.#stream.writableNeedDrain;
  }

  get closed(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  /** Bytes that have left the stream. */
  get takenBytes(): number {
    return this.#givenBytes - this.#stream.bufferSize;
  }

  /** Bytes that the viewer has not taken. */
  get waitingBytes(): number {
    return this.#stream.bufferSize + (this.#rest?.length ?? 0);
  }

  writeHead(status: number, fields: string[]): void {
    this.statusCode = status;
    if (this.closed) return;
    this.#stream.respond([constants.HTTP2_HEADER_STATUS, String(status), ...fields]);
  }

  writePrepared(status: number, prepared: PreparedFields): void {
    this.statusCode = status;
    if (this.closed) return;
    const { fields } = prepared;
    prepared.lowered ??= lowered(status, fields);
    prepared.lowered[prepared.lowered.length - 1] = fields[fields.length - 1] ?? '';
    // The list is used again: node shall not add to it.
    this.#stream.respond(prepared.lowered, AS_IT_IS);
  }

  writeInformation(status: number, fields: readonly string[]): void {
    if (this.closed) return;
    const headers: Record<string, string | string[]> = { [constants.HTTP2_HEADER_STATUS]: String(status) };
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const name = (fields[at] ?? '').toLowerCase();
      const value = fields[at + 1] ?? '';
      const before = headers[name];
      headers[name] = before === undefined ? value : [before, value].flat();
    }
    this.#stream.additionalHeaders(headers);
  }

  /** False when the viewer has as much as it takes for now. Pieces larger than a slice are for `end`. */
  write(bytes: Buffer, onTaken?: () => void): boolean {
    if (this.closed) return false;
    this.#givenBytes += bytes.length;
    return this.#stream.write(bytes, onTaken);
  }

  end(body?: Buffer | string, encoding?: 'latin1'): void {
    this.writableEnded = true;
    if (this.closed) return;
    const bytes = typeof body === 'string' ? Buffer.from(body, encoding) : body;
    if (bytes === undefined || bytes.length <= SLICE_BYTES) this.#finish(bytes);
    else this.#slice(bytes);
  }

  cork(): void {
    this.#stream.cork();
  }

  uncork(): void {
    this.#stream.uncork();
  }

  on(event: 'close' | 'drain', listener: () => void): void {
    this.#stream.on(event, listener);
  }

  off(event: 'close' | 'drain', listener: () => void): void {
    this.#stream.off(event, listener);
  }

  /**
   * Resets the stream; the session and its other streams go on. Not by the stream's own `close`, which ends the body first:
   * half of one that has no stated length would look whole.
   */
  destroy(): void {
    this.#rest = undefined;
    if (!this.closed) this.#stream.destroy(new Error('the answer was broken off'));
  }

  #finish(bytes: Buffer | undefined): void {
    this.#givenBytes += bytes?.length ?? 0;
    if (bytes) this.#stream.end(bytes);
    else this.#stream.end();
  }

  #slice(bytes: Buffer): void {
    this.#rest = bytes;
    const more = () => {
      while (this.#rest && this.#rest.length > SLICE_BYTES && !this.closed) {
        const slice = this.#rest.subarray(0, SLICE_BYTES);
        this.#rest = this.#rest.subarray(SLICE_BYTES);
        if (!this.write(slice)) return;
      }
      this.#stream.off('drain', more);
      const last = this.#rest;
      this.#rest = undefined;
      if (!this.closed) this.#finish(last);
    };
    this.#stream.on('drain', more);
    more();
  }
}

/** Node's types do not know all of it. */
const AS_IT_IS = { sendDate: false } as ServerStreamResponseOptions;

function lowered(status: number, fields: readonly string[]): string[] {
  const list = [constants.HTTP2_HEADER_STATUS, String(status)];
  for (let at = 0; at + 1 < fields.length; at += 2) list.push((fields[at] ?? '').toLowerCase(), fields[at + 1] ?? '');
  return list;
}
