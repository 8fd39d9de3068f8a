import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const MICROS_PER_TICK = 1_000_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Processor time of a process and its children so far, in microseconds. Linux only. */
export function cpuMicros(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  // The name in brackets may hold blanks; what follows it is counted from field 3 of proc(5).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const own = (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
  return children.reduce((sum, child) => sum + cpuMicros(Number(child)), own);
}
