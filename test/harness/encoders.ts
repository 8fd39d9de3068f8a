import { readdir, readFile } from 'node:fs/promises';

/** Process ids of the encoders that read below a folder, zombies left out. */
export async function encodersBelow(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => ((await isEncoder(pid, folder)) ? [Number(pid)] : [])));
  return found.flat();
}

async function isEncoder(pid: string, folder: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return /^(\S*\/)?ffmpeg\0/.test(command) && command.includes(folder);
}

/** Stops one of them where it is, which takes its slot for as long as a test wants. Undefined when none runs. */
export async function stopEncoderBelow(folder: string): Promise<number | undefined> {
  const [pid] = await encodersBelow(folder);
  try {
    return pid !== undefined && process.kill(pid, 'SIGSTOP') ? pid : undefined;
  } catch {
    return undefined; // ended between the look and the signal
  }
}
