/** Waiting for a server that says it cannot answer now. */

/** A server that asks for more patience is not waited for. */
const LONGEST_MS = 60_000;
const FIRST_MS = 500;

/** How long to wait before the same request is sent again, or undefined where that would not help. */
export function waitMs(status: number, retryAfter: string | null, attempt: number): number | undefined {
  if (status !== 429 && status !== 503 && status !== 0) return undefined;
  const asked = retryAfter === null ? undefined : Number(retryAfter) * 1_000;
  // The same wait for all would bring all of them back at once.
  const own = FIRST_MS * 2 ** attempt * (0.5 + Math.random() / 2);
  const ms = asked === undefined || Number.isNaN(asked) ? own : asked;
  return ms > LONGEST_MS ? undefined : ms;
}

export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
