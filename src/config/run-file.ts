import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a running server is found: `run.json` in its data folder, there from ready to a clean stop. */
export interface RunFile {
  readonly pid: number;
  /** Base URLs; a role that does not run here is absent. */
  readonly control?: string;
  readonly edge?: string;
  readonly origin?: string;
  /** Where encoders publish live streams. */
  readonly rtmp?: string;
  readonly rtmps?: string;
  /** Where browsers publish them, where that is not at `control`. */
  readonly live?: string;
  readonly adminToken?: string;
}

export async function writeRunFile(folder: string, run: RunFile): Promise<void> {
  const file = join(folder, 'run.json');
  // The admin token is in it: only the server's user may read it.
  await writeFile(`${file}.new`, `${JSON.stringify(run, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** The run file of a data folder, or undefined when there is none that can be read. */
export async function readRunFile(folder: string): Promise<RunFile | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as RunFile;
  } catch {
    // No server, or one killed while it wrote: both mean that nobody can be found here.
    return undefined;
  }
}

export async function removeRunFile(folder: string): Promise<void> {
  await rm(join(folder, 'run.json'), { force: true });
}

/** True when the process that wrote the file still lives. */
export function isAlive(run: RunFile): boolean {
  try {
    process.kill(run.pid, 0);
    return run.pid !== process.pid;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
