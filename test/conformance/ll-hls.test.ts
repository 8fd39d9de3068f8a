import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import type { BroadcastFormat } from '../../src/kernel/live/broadcast.ts';
import type { EdgeScenario } from '../harness/edge-scenario.ts';
import { LiveSource, SOURCE_FORMAT } from '../harness/live-source.ts';
import { PackagedLive, STREAM } from '../harness/packaged-live.ts';
import { type Get, reportLag, StrictClient } from '../harness/strict-client.ts';
import { BrokenRule, demanded, type StrictPlaylist } from '../harness/strict-playlist.ts';

/** Short numbers, so that a window slides within seconds. */
const FORMAT: BroadcastFormat = {
  ...SOURCE_FORMAT,
  segmentSeconds: 1,
  targetDurationSeconds: 1,
  partTargetSeconds: 0.2,
  dvrSeconds: 8,
};
const ALL = ['90p', '180p', 'audio'];

let origin: PackagedLive;
let edge: EdgeScenario;
let endedMs = 0;
let answeredMs = 0;
const clients = new Map<string, StrictClient>();
const broken: Error[] = [];
const lags: number[] = [];
const gapsBetweenNewsMs: number[] = [];
const answers = new Map<string, { readonly status: number; readonly ms: number; readonly body: string }>();

/** One broadcast, played by two strict clients a rendition, one of them through an edge: ten seconds, a publisher that is lost, another one, the end. */
beforeAll(async () => {
  origin = await PackagedLive.start();
  edge = await origin.edge();
  const packager = origin.packager(FORMAT);
  const taker = {
    init: (rendition: string, bytes: Uint8Array) => packager.takeInit(rendition, bytes),
    fragment: (rendition: string, fragment: Parameters<typeof packager.takeFragment>[1]) =>
      packager.takeFragment(rendition, fragment),
  };
  packager.openSession({ number: 1, beganAtMs: Date.now() }, ALL);
  const first = new LiveSource(taker, { keyEvery: 25 });
  await until(() => packager.stage('90p')?.timeline.open !== undefined);
  const playing = ALL.flatMap((name) => [
    follow(name, (path) => origin.get(path)),
    follow(`edge ${name}`, (path) => fetch(`${edge.url}${path}`)),
  ]);
  await until(() => (packager.stage('audio')?.timeline.nextSequence ?? 0) >= 9);
  await askAround();
  await first.stop();
  packager.closeSession();
  await pause(1_000);
  packager.openSession({ number: 2, beganAtMs: Date.now() }, ['90p', 'audio']);
  const second = new LiveSource(taker, { renditions: ['90p', 'audio'], keyEvery: 25 });
  const sequence = packager.stage('90p')?.timeline.nextSequence ?? 0;
  await until(() => (packager.stage('90p')?.timeline.nextSequence ?? 0) >= sequence + 11);
  await second.stop();
  endedMs = performance.now();
  const recorded = packager.end();
  await Promise.all(playing);
  answeredMs = performance.now();
  await recorded;
}, 120_000);
afterAll(async () => {
  await edge.stop();
  await origin.stop();
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds() && broken.length === 0) await pause(20);
}

async function follow(name: string, get: Get): Promise<void> {
  const client = new StrictClient(get, `/live/${STREAM}/b1/${name.split(' ').at(-1)}`);
  clients.set(name, client);
  let lastMs = performance.now();
  const onState = ({ reports }: StrictPlaylist) => {
    gapsBetweenNewsMs.push(performance.now() - lastMs);
    lastMs = performance.now();
    for (const { uri, ...report } of reports) {
      const of = clients.get(name.replace(/\S+$/, uri.split('/')[1] ?? ''));
      if (of?.playlist) lags.push(reportLag(report, of, 5));
    }
  };
  await client.play(onState).catch((cause: Error) => broken.push(cause));
}

/** Requests that no good client makes, and what is due to them. */
async function askAround(): Promise<void> {
  const newest = clients.get('90p')?.met.latest.msn ?? 0;
  const asked = {
    'part without segment': '_HLS_part=1',
    'no number': '_HLS_msn=-1',
    twice: '_HLS_msn=1&_HLS_msn=1',
    'too far ahead': `_HLS_msn=${newest + 5}`,
    'parts too far ahead': `_HLS_msn=${newest + 1}&_HLS_part=60`,
    'long gone': '_HLS_msn=0',
    'a whole segment': `_HLS_msn=${newest + 1}`,
  };
  const ask = async ([name, query]: [string, string]) => {
    const startMs = performance.now();
    const response = await origin.get(`/live/${STREAM}/b1/90p/index.m3u8?${query}`);
    answers.set(name, { status: response.status, ms: performance.now() - startMs, body: await response.text() });
  };
  await Promise.all(Object.entries(asked).map(ask));
}

test('a strict client of every rendition plays to the end', () => {
  expect(broken).toEqual([]);
});

describe('rules that every state and every byte was held to', () => {
  test.each([
    'first line is EXTM3U',
    'header tags stand once',
    'header tags never change',
    'version covers EXT-X-SKIP',
    'CAN-BLOCK-RELOAD',
    'PART-HOLD-BACK is three part targets',
    'HOLD-BACK is three targets',
    'CAN-SKIP-UNTIL is six targets',
    'no part is longer than PART-TARGET',
    'a part has 85 % of PART-TARGET',
    'parts sum to their segment',
    'parts one behind the other are their segment',
    'parts older than three targets are gone',
    'parts that are listed never change',
    'a part is a movie fragment',
    'DURATION is what the boxes say',
    'INDEPENDENT is what the boxes say',
    'EXTINF is what the boxes say',
    'EXTINF stands before each URI',
    'a segment, rounded, is not above the target duration',
    'a segment begins where decoding can',
    'tfdt goes on where the segment before ended',
    'every segment has a program date time',
    'tags of a segment stand before its parts',
    'media has a map',
    'a map is an init segment',
    'every coming part is hinted while a session lasts',
    'one hint of a type',
    'a hinted part is sent whole, or will never come',
    'a hinted part has its length stated',
    'nothing is added behind hints and reports',
    'a delta skips what the client has',
    'a delta has what CAN-SKIP-UNTIL says',
    'media sequence never goes back',
    'discontinuity sequence counts the tags that left',
    'what is listed never changes',
    'only the oldest segments leave',
    'what is listed is there',
    'a reload that waited brings news',
    'ENDLIST leaves no hint, no report and nothing in progress',
    'an ended playlist stays as it is',
    'an ended playlist ignores directives',
    'a playlist has its type',
    'a playlist may be kept, and what was asked for by number longer',
    'names of media are for ever',
    'media has the type of media',
  ])('%s', (rule) => {
    expect(broken.filter((each) => each instanceof BrokenRule && each.rule === rule)).toEqual([]);
    expect(demanded.get(rule)).toBeGreaterThan(0);
  });
});

describe('what the clients met', () => {
  test('deltas, hinted parts and whole segments in every rendition', () => {
    expect(clients.size).toBe(6);
    for (const [name, { met }] of clients) {
      expect([name, met.reloads]).toEqual([name, expect.toSatisfy((count: number) => count > 30)]);
      for (const count of [met.deltas, met.hinted, met.segments]) expect(count).toBeGreaterThan(5);
      expect(met.parts).toBeGreaterThan(30);
      // Nobody can foresee where a publisher is lost.
      expect(met.misled).toBeLessThanOrEqual(2);
    }
  });

  test('a discontinuity where the publisher was lost, in every rendition, and a gap in the one that did not come back', () => {
    for (const [name, { met }] of clients) {
      expect([name, met.discontinuities]).toEqual([name, 1]);
      if (name.endsWith('180p')) expect(met.gaps).toBeGreaterThanOrEqual(11);
      else expect(met.gaps).toBe(0);
    }
  });

  test('the same numbers of segments and discontinuities in all renditions at the end', () => {
    const ends = [...clients.values()].map(({ playlist }) => playlist);
    expect(new Set(ends.map((end) => end?.segments.at(-1)?.sequence)).size).toBe(1);
    expect(new Set(ends.map((end) => end?.control['PART-HOLD-BACK'])).size).toBe(1);
    for (const end of ends) expect(end).toMatchObject({ isEnded: true, discontinuitySequence: 1 });
  });

  test('reports that are never more than a part or two behind, and promise nothing', () => {
    expect(lags.length).toBeGreaterThan(100);
    const sorted = lags.toSorted((one, other) => one - other);
    expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThanOrEqual(2);
  });

  test('news every part, and the end at once', () => {
    const sorted = gapsBetweenNewsMs.toSorted((one, other) => one - other);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(500);
    expect(answeredMs - endedMs).toBeLessThan(2_000);
  });
});

describe('requests that no good client makes', () => {
  test.each(['part without segment', 'no number', 'twice', 'too far ahead', 'parts too far ahead'])(
    '%s: 400',
    (name) => {
      expect(answers.get(name)?.status).toBe(400);
    },
  );

  test('a segment that left long ago is answered at once with what there is', () => {
    expect(answers.get('long gone')).toMatchObject({ status: 200 });
    expect(answers.get('long gone')?.ms).toBeLessThan(900);
  });

  test('a whole segment is answered when it is complete', () => {
    const answer = answers.get('a whole segment');
    const parsed = parsePlaylist(answer?.body ?? '');
    if (parsed?.kind !== 'media') throw new Error('no media playlist');
    expect(answer?.status).toBe(200);
    expect(parsed.mediaSequence + parsed.segments.length).toBeGreaterThan(clients.get('90p')?.met.latest.msn ? 9 : 0);
  });

  test('the multivariant playlist names every rendition, and its codecs are those of the init segments', async () => {
    const response = await origin.get(`/live/${STREAM}/master.m3u8`);
    const text = await response.text();
    expect(text).toContain('#EXT-X-INDEPENDENT-SEGMENTS');
    const parsed = parsePlaylist(text);
    if (parsed?.kind !== 'multivariant') throw new Error('no multivariant playlist');
    expect(parsed.variants.map(({ uri }) => uri)).toEqual(['b1/90p/index.m3u8', 'b1/180p/index.m3u8']);
    expect(parsed.variants[0]?.codecs).toEqual(['avc1.42c00b', 'mp4a.40.2']);
  });
});
