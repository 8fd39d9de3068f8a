import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export interface Crowd {
  /** Median over the viewers, from the moment all have asked. */
  readonly firstByteMs: number;
  readonly lastEndMs: number;
}

export interface CrowdOptions {
  readonly url: string;
  readonly viewers: number;
  /** Of the body; the answer must have all of it. */
  readonly sizeBytes: number;
  readonly core: number;
}

/** Lets so many viewers ask for one URL at once, from a process and a core of their own. */
export async function crowd({ url, viewers, sizeBytes, core }: CrowdOptions): Promise<Crowd> {
  const script = fileURLToPath(new URL('./crowd-process.ts', import.meta.url));
  const command = ['-c', `${core}`, process.execPath, script, url, `${viewers}`, `${sizeBytes}`];
  const { stdout } = await exec('taskset', command);
  return JSON.parse(stdout) as Crowd;
}
