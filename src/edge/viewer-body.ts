import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { Fault } from '../kernel/errors.ts';
import type { ViewerRequest } from './viewer.ts';

/**
 * A viewer's body on its way to the origin, at the origin's speed and up to a limit. It stands between the two because an
 * upstream request that ends early ends its body too, and the viewer's connection must live to hear the answer.
 */
export class ViewerBody extends Transform {
  readonly #request: ViewerRequest;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(request: ViewerRequest, maxBytes: number) {
    super();
    this.#request = request;
    this.#maxBytes = maxBytes;
    const source = request.bodyStream ?? (request as unknown as Readable);
    // A viewer who breaks off ends the exchange, and that the request upstream; half a body never gets an end.
    source.on('error', () => {});
    source.pipe(this);
    this.on('close', () => {
      source.unpipe(this);
      // Nobody takes the rest, which still stands before the next request of the connection.
      source.resume();
    });
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#bytes += chunk.length;
    this.#request.arrived?.(chunk.length);
    if (this.#bytes > this.#maxBytes) done(new Fault('BODY_TOO_LARGE'));
    else done(null, chunk);
  }
}
