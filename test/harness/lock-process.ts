/**
 * Reaches for data folders' locks at agreed moments: takes `{folder, atMs}`, answers whether it got the lock, and lets
 * go of it at the next message.
 */
import { type DataLock, lockData } from '../../src/config/data-lock.ts';

let held: DataLock | undefined;

process.on('message', ({ folder, atMs }: { folder: string; atMs: number }) => {
  held?.release();
  // A busy wait, so that several processes try within the same few microseconds.
  while (performance.timeOrigin + performance.now() < atMs);
  held = lockData(folder);
  process.send?.(held !== undefined);
});
