import { readFileSync } from 'node:fs';

/** Memory that a process and its children hold, shared pages by their share (PSS), in bytes. Linux only. */
export function residentBytes(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  const own = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return children.reduce((sum, child) => sum + residentBytes(Number(child)), Number(own) * 1_024);
}
