/**
 * A process that packages a source on a slow disk and serves it, is its own viewer, and dies by its own hand where the
 * command line says. What the viewer was told stands in a file, line by line, before it dies.
 */
import { appendFileSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LiveSegment } from '../../src/kernel/live/broadcast.ts';
import type { KillPoint, Told } from './killed-packager.ts';

// Nobody waits for it any more.
process.once('disconnect', () => process.exit());

const [, , folder = '', json = '{}'] = process.argv;
const { at, count, diskMs } = JSON.parse(json) as KillPoint;

// Before anything of ours has been imported: whatever is written below the spool takes so long.
for (const name of ['appendFile', 'writeFile'] as const) {
  const write = files[name] as (path: string, bytes: unknown) => Promise<void>;
  const slow = async (path: string, bytes: unknown) => {
    if (path.startsWith(join(folder, 'live'))) await pause(diskMs);
    await write(path, bytes);
  };
  Object.assign(files, { [name]: slow });
}
syncBuiltinESMExports();
const { PackagedLive, STREAM } = await import('./packaged-live.ts');
const { LiveSource, SOURCE_FORMAT } = await import('./live-source.ts');
const { RecordingRepository } = await import('../../src/database/recordings.ts');
const { RENDITIONS, SESSION } = await import('./killed-packager.ts');

let left = count;
function reached(point: KillPoint['at'], times = 1): void {
  if (point !== at) return;
  left -= times;
  if (left <= 0) process.kill(process.pid, 'SIGKILL');
}

const origin = await PackagedLive.start(folder);
class Recordings extends RecordingRepository {
  override async addSegments(recordingId: string, segments: readonly LiveSegment[]): Promise<void> {
    reached('before-row');
    await super.addSegments(recordingId, segments);
    reached('after-row');
  }
}
const put = async (key: string, body: Uint8Array) => {
  const isSegment = key.includes('/s0');
  if (isSegment) reached('before-put');
  await origin.store.put(key, body);
  if (isSegment) reached('after-put');
};
const packager = origin.packager(SOURCE_FORMAT, {
  deps: { ...origin.deps({ put }), recordings: new Recordings(origin.database) },
});
packager.openSession(SESSION, RENDITIONS);
new LiveSource({
  init: (rendition, bytes) => packager.takeInit(rendition, bytes),
  fragment: (rendition, fragment) => packager.takeFragment(rendition, fragment),
});

const seen = new Set<string>();
function note(told: Told): void {
  appendFileSync(join(folder, 'told.jsonl'), `${JSON.stringify(told)}\n`);
}

async function look(rendition: string): Promise<void> {
  const base = `/live/${STREAM}/b1/${rendition}/`;
  const response = await origin.get(`${base}index.m3u8`);
  const text = await response.text();
  if (seen.has(text)) return;
  seen.add(text);
  note({ rendition, text });
  reached('told');
  if ((text.match(/#EXTINF/g) ?? []).length >= count) reached('listed', count);
  for (const [, tag = '', line = ''] of text.matchAll(/^(?:#EXT-X-(?:MAP|PART):.*URI="([^"]+)"|(\d+\/s\d+\.m4s))/gm)) {
    const name = tag || line;
    if (seen.has(rendition + name)) continue;
    const media = await origin.get(base + name);
    if (media.ok) note({ rendition, name, bytes: Buffer.from(await media.arrayBuffer()).toString('base64') });
    seen.add(rendition + name);
  }
}

for (;;) for (const rendition of RENDITIONS) await look(rendition);
