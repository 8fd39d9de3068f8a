import { afterEach, beforeEach, expect, test } from 'vitest';
import { readFragmentSamples } from '../../src/kernel/cmaf/segment.ts';
import { writeMediaPlaylist } from '../../src/kernel/hls/write.ts';
import { recordedMediaPlaylist } from '../../src/kernel/recording/playlists.ts';
import { makeRecording } from '../../src/kernel/recording/recording.ts';
import type { LivePackager } from '../../src/live/packager/live-packager.ts';
import { LiveSource, SOURCE_FORMAT } from '../harness/live-source.ts';
import { PackagedLive, RECORDING, STREAM } from '../harness/packaged-live.ts';

const ALL = ['90p', '180p', 'audio'];
const BEGAN_MS = 1_750_000_000_000;
/** The first of it came so late, and what followed at once until that was made up for. */
const HELD_MS = 3_000;
/** Of sound, whose frames do not begin with the pictures. */
const FRAME_MS = 22;

let origin: PackagedLive;
beforeEach(async () => {
  origin = await PackagedLive.start();
});
afterEach(() => origin.stop());

/** By address, the date of every segment that a playlist lists. */
function datesOf(text: string): Map<string, number> {
  const listed = text.matchAll(/#EXT-X-PROGRAM-DATE-TIME:(\S+)\n(?:#EXT-X-PART:.*\n|#EXT-X-GAP\n)*#EXTINF.*\n(\S+)/g);
  return new Map([...listed].map(([, date = '', uri = '']) => [uri, Date.parse(date)]));
}

/** The same of a film, which says a date only where it is not the sum of what came before. */
function summedDates(text: string): number[] {
  let at = 0;
  const listed = text.matchAll(/(?:#EXT-X-PROGRAM-DATE-TIME:(\S+)\n)?(?:#EXT-X-GAP\n)?#EXTINF:([\d.]+)/g);
  return [...listed].map(([, date, seconds]) => {
    const from = date ? Date.parse(date) : at;
    at = from + 1_000 * Number(seconds);
    return from;
  });
}

async function dates(rendition: string): Promise<Map<string, number>> {
  return datesOf(await (await origin.get(`/live/${STREAM}/b1/${rendition}/index.m3u8`)).text());
}

/** Half a minute of a source, and what every playlist said whenever a segment was new in it. */
async function broadcast(packager: LivePackager): Promise<Map<string, Set<number>>> {
  const said = new Map<string, Set<number>>();
  const look = () => {
    for (const name of ALL) {
      const stage = packager.stage(name);
      const text = stage ? packager.text(stage, false).plain.toString() : '';
      for (const [uri, date] of datesOf(text)) {
        const key = `${name}/${uri}`;
        said.set(key, (said.get(key) ?? new Set()).add(date));
      }
    }
  };
  packager.openSession({ number: 1, beganAtMs: BEGAN_MS }, ALL);
  const taker = {
    init: (rendition: string, bytes: Uint8Array) => packager.takeInit(rendition, bytes),
    fragment: (rendition: string, fragment: Parameters<LivePackager['takeFragment']>[1]) => {
      const before = packager.stage(rendition)?.timeline.nextSequence;
      if (rendition === '90p') {
        const decodeSeconds = (readFragmentSamples(fragment.moof)?.startTicks ?? 0) / 90_000;
        const packet = { kind: 'video' as const, decodeSeconds, showSeconds: decodeSeconds, bytes: 1, isKey: false };
        packager.takePackets([packet], BEGAN_MS + Math.max(0, 1_000 * decodeSeconds - HELD_MS));
      }
      packager.takeFragment(rendition, fragment);
      if (packager.stage(rendition)?.timeline.nextSequence !== before) look();
    },
  };
  await new LiveSource(taker, { seconds: 30, paced: false }).ended;
  return said;
}

test('dates come to be those of arrival, are the same in all renditions, and never change once they are out', async () => {
  const packager = origin.packager(SOURCE_FORMAT);
  const said = await broadcast(packager);
  expect([...said.values()].filter((all) => all.size > 1)).toEqual([]);
  const pictures = [...(await dates('180p'))];
  expect(pictures.length).toBeGreaterThan(12);
  for (const [index, [, date]] of pictures.entries()) {
    const arrivedMs = BEGAN_MS + Math.max(0, 2_000 * index - HELD_MS);
    if (index > 7) expect(Math.abs(date - arrivedMs)).toBeLessThanOrEqual(100);
  }
  for (const name of ALL) {
    const own = await dates(name);
    expect(own.size).toBe(pictures.length);
    for (const [uri, date] of pictures) expect(Math.abs((own.get(uri) ?? 0) - date)).toBeLessThanOrEqual(FRAME_MS);
  }
  for (const [index, [, date]] of pictures.entries()) expect(date).toBeGreaterThan(pictures[index - 1]?.[1] ?? 0);
});

test('what is read back has the same dates: by the next process, after the end, and as a film', async () => {
  const deps = origin.deps({ put: () => new Promise<void>(() => {}) });
  const killed = origin.packager(SOURCE_FORMAT, { deps });
  await broadcast(killed);
  const before = new Map(await Promise.all(ALL.map(async (name) => [name, await dates(name)] as const)));
  await killed.abandon();
  const packager = await origin.recovered(SOURCE_FORMAT);
  // What was listed already; the end of the last segment came with the end of its session.
  const same = async () => {
    for (const name of ALL)
      expect([...(await dates(name))]).toEqual(expect.arrayContaining([...(before.get(name) ?? [])]));
  };
  await same();
  await packager.end();
  await origin.note(SOURCE_FORMAT, BEGAN_MS + 30_000);
  origin.onAir.remove(packager);
  await same();

  const recording = makeRecording({ format: SOURCE_FORMAT, ...(await origin.recordings.read(RECORDING)) });
  if (!recording) throw new Error('nothing was recorded');
  for (const name of ALL) {
    const film = summedDates(writeMediaPlaylist(recordedMediaPlaylist(recording, name)));
    const live = [...(await dates(name)).values()];
    expect(film).toHaveLength(live.length);
    for (const [index, date] of film.entries()) expect(Math.abs(date - (live[index] ?? 0))).toBeLessThanOrEqual(2);
  }
});
