import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a packager dies: the so many-th time that it comes there, or when so many whole segments are `listed`. */
export interface KillPoint {
  readonly at: 'told' | 'listed' | 'before-put' | 'after-put' | 'before-row' | 'after-row';
  readonly count: number;
  /** What each write to the spool takes. */
  readonly diskMs: number;
}

/** A playlist that a viewer was sent, or what a name in it stood for. */
export type Told =
  | { readonly rendition: string; readonly text: string }
  | { readonly rendition: string; readonly name: string; readonly bytes: string };

export const SESSION = { number: 1, beganAtMs: 1_750_000_000_000 };
export const RENDITIONS = ['90p', '180p', 'audio'];

const PROCESS = fileURLToPath(new URL('./killed-packager-process.ts', import.meta.url));

/** Packages in a folder until then. Resolves to what its viewer was told. */
export async function packageUntil(folder: string, point: KillPoint): Promise<Told[]> {
  const killed = fork(PROCESS, [folder, JSON.stringify(point)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  await once(killed, 'exit');
  const lines = (await readFile(join(folder, 'told.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Told);
}

/** Media that a playlist names, without what it says is missing. */
export function named(text: string): string[] {
  const maps = [...text.matchAll(/#EXT-X-MAP:URI="([^"]+)"/g)].map(([, uri = '']) => uri);
  const parts = [...text.matchAll(/#EXT-X-PART:.*URI="([^"]+)"(.*)/g)].flatMap(([, uri = '', rest = '']) =>
    rest.includes('GAP=YES') ? [] : [uri],
  );
  const segments = [...text.matchAll(/(#EXT-X-GAP\n)?#EXTINF.*\n(\S+)/g)].flatMap(([, gap, uri = '']) =>
    gap ? [] : [uri],
  );
  return [...maps, ...parts, ...segments];
}
