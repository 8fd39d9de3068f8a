import { setTimeout as pause } from 'node:timers/promises';

/** How long a walk through everything stored may hold up viewers at a time, and how long it then leaves them alone. */
const STEP_MS = 2;
const PAUSE_MS = 4;

/** Visits all items in short steps, until it is told to stop. Items may come and go meanwhile. */
export async function inSteps<T>(
  items: Iterable<T>,
  visit: (item: T) => unknown,
  isOver: () => boolean = () => false,
): Promise<void> {
  let until = performance.now() + STEP_MS;
  for (const item of items) {
    const visited = visit(item);
    if (visited instanceof Promise) await visited;
    if (isOver()) return;
    if (performance.now() < until) continue;
    await pause(PAUSE_MS);
    until = performance.now() + STEP_MS;
  }
}
