import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { freshFolder } from '../harness/folder.ts';
import { type KillPoint, named, packageUntil, RENDITIONS, type Told } from '../harness/killed-packager.ts';
import { feed, SOURCE_FORMAT } from '../harness/live-source.ts';
import { PackagedLive, STREAM } from '../harness/packaged-live.ts';

/** Each on a disk that is slower than the way of a playlist to its viewer. */
const POINTS: KillPoint[] = [
  { at: 'listed', count: 1, diskMs: 30 },
  { at: 'listed', count: 2, diskMs: 30 },
  { at: 'before-put', count: 4, diskMs: 5 },
  { at: 'after-put', count: 4, diskMs: 5 },
  { at: 'after-row', count: 4, diskMs: 5 },
];

/** Nobody can tell the parts of a session's first segment from its bytes: where one is missing they begin with another. */
const UNTOLD = /^\d\/s00000\.p/;

const base = (rendition: string) => `/live/${STREAM}/b1/${rendition}/`;

/** What was told of and is not there now, or is something else. */
async function missing(origin: PackagedLive, told: readonly Told[]): Promise<string[]> {
  const meant = new Map(told.flatMap((each) => ('name' in each ? [[each.rendition + each.name, each.bytes]] : [])));
  const wrong: string[] = [];
  for (const each of told) {
    if (!('text' in each)) continue;
    for (const name of named(each.text).filter((one) => !UNTOLD.test(one))) {
      const response = await origin.get(base(each.rendition) + name);
      const bytes = Buffer.from(await response.arrayBuffer()).toString('base64');
      const known = meant.get(each.rendition + name) ?? bytes;
      if (response.status !== 200) wrong.push(`${each.rendition} ${name}: ${response.status}`);
      else if (known !== bytes) wrong.push(`${each.rendition} ${name}: was another`);
    }
  }
  return [...new Set(wrong)];
}

async function playlists(origin: PackagedLive): Promise<Told[]> {
  return Promise.all(
    RENDITIONS.map(async (rendition) => ({
      rendition,
      text: await (await origin.get(`${base(rendition)}index.m3u8`)).text(),
    })),
  );
}

test.each(POINTS)(
  'what viewers were told is there, and is what it was, when a packager dies at $at $count',
  async (point) => {
    const folder = await freshFolder();
    const told = await packageUntil(folder, point);
    const origin = await PackagedLive.start(folder);
    try {
      const packager = await origin.recovered(SOURCE_FORMAT);
      expect(await missing(origin, [...told, ...(await playlists(origin))])).toEqual([]);
      packager.openSession({ number: packager.lastSession + 1, beganAtMs: 1_750_000_060_000 }, RENDITIONS);
      await feed(packager, 3);
      packager.closeSession();
      expect(await missing(origin, [...told, ...(await playlists(origin))])).toEqual([]);
    } finally {
      await origin.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
