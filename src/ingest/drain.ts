import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long a sender may go on sending after our answer, so that it reads the answer rather than a reset connection. */
const LINGER_MS = 5_000;

/** Once answered, reads off what is left of the body; a sender that does not stop is cut off. */
export function drainAfter(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (request.complete) return;
    request.unpipe();
    request.resume();
    const timer = setTimeout(() => request.destroy(), LINGER_MS);
    request.once('close', () => clearTimeout(timer));
  });
}
