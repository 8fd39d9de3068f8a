import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Folders for a few moments: sockets, pictures on their way. Each is named for its process, so that the next one can
 * tell what a killed one left behind. The system's own place is used since a socket's path must stay short.
 */
export function makeScratch(): Promise<string> {
  return mkdtemp(join(tmpdir(), `frontrow-${process.pid}-`));
}

export async function dropScratch(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Removes the folders of processes that are no more. */
export async function clearScratch(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = /^frontrow-(\d+)-\w{6}$/.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await dropScratch(join(tmpdir(), name));
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    // EPERM: it lives, and belongs to somebody else.
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
