import type { Fill } from '../cache/fill.ts';
import type { Exchange } from '../exchange.ts';

/** Resolves at the fill's next change, when the viewer leaves, or after the time given. Never rejects. */
export function newsOf(fill: Fill, x: Exchange, timeoutMs?: number): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = () => {
      stopListening();
      clearTimeout(timer);
      x.onGone(undefined);
      resolve();
    };
    const stopListening = fill.listen(finish);
    if (timeoutMs !== undefined) timer = setTimeout(finish, timeoutMs);
    x.onGone(finish);
  });
}
