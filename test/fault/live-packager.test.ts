import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BroadcastRepository } from '../../src/database/broadcasts.ts';
import type { RecordingRepository } from '../../src/database/recordings.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { joinBytes } from '../../src/kernel/cmaf/boxes.ts';
import { readSegment } from '../../src/kernel/cmaf/segment.ts';
import { Fault } from '../../src/kernel/errors.ts';
import { segmentKey } from '../../src/kernel/film/paths.ts';
import type { LivePart } from '../../src/kernel/live/broadcast.ts';
import { LivePackager } from '../../src/live/packager/live-packager.ts';
import { salvageSpools } from '../../src/live/packager/salvage.ts';
import { LiveSource, SOURCE_FORMAT } from '../harness/live-source.ts';
import { NO_NEWS, PackagedLive, RECORDING, STREAM } from '../harness/packaged-live.ts';

const ALL = ['90p', '180p', 'audio'];
const BEGAN_MS = 1_750_000_000_000;
const PROCESS = fileURLToPath(new URL('../harness/packager-process.ts', import.meta.url));

let origin: PackagedLive;
beforeEach(async () => {
  origin = await PackagedLive.start();
});
afterEach(() => origin.stop());

async function feed(packager: LivePackager, seconds: number, renditions = ALL): Promise<void> {
  const taker = {
    init: (rendition: string, bytes: Uint8Array) => packager.takeInit(rendition, bytes),
    fragment: (rendition: string, fragment: Parameters<LivePackager['takeFragment']>[1]) =>
      packager.takeFragment(rendition, fragment),
  };
  await new LiveSource(taker, { seconds, paced: false, renditions }).ended;
}

/** One a second of a source, none of which was held up. */
function packetsOf(seconds: number) {
  const about = { kind: 'audio' as const, showSeconds: 0, bytes: 1, isKey: false };
  return Array.from({ length: seconds + 1 }, (_, decodeSeconds) => ({ ...about, decodeSeconds }));
}

async function bytesOf(key: string): Promise<Buffer | undefined> {
  const opened = await origin.store.open(key);
  return opened && Buffer.concat(await opened.body.toArray());
}

test('a store that is away holds up no viewer, and gets everything when it is back', async () => {
  let isAway = true;
  const put = async (key: string, body: Uint8Array) => {
    if (isAway) throw new Fault('STORAGE_UNAVAILABLE');
    await origin.store.put(key, body);
  };
  const packager = origin.packager(SOURCE_FORMAT, { deps: origin.deps({ put }) });
  packager.openSession({ number: 1, beganAtMs: 0 }, ALL);
  await feed(packager, 9);
  const playlist = await origin.get(`/live/${STREAM}/b1/90p/index.m3u8`);
  expect(await playlist.text()).toContain('1/s00003.m4s');
  for (const sequence of [0, 3]) {
    expect((await origin.get(`/live/${STREAM}/b1/90p/1/s0000${sequence}.m4s`)).status).toBe(200);
  }
  await expect.poll(() => packager.counts.storeRetries).toBeGreaterThan(0);
  const end = packager.end();
  isAway = false;
  await end;
  expect(packager.counts).toMatchObject({ segmentsLost: 0, segmentsWaiting: 0 });
  const { segments } = await origin.recordings.read(RECORDING);
  expect(segments).toHaveLength(15);
  for (const { rendition, sequence, bytes } of segments) {
    expect(await bytesOf(segmentKey(RECORDING, 1, rendition, sequence))).toHaveLength(bytes);
  }
});

test('a store that never answers leaves segments to memory and to the disk', async () => {
  const put = () => new Promise<void>(() => {});
  const packager = origin.packager(SOURCE_FORMAT, { deps: origin.deps({ put }) });
  packager.openSession({ number: 1, beganAtMs: 0 }, ALL);
  await feed(packager, 30);
  for (const sequence of ['00000', '00007', '00013']) {
    expect((await origin.get(`/live/${STREAM}/b1/180p/1/s${sequence}.m4s`)).status).toBe(200);
  }
});

test('a disk that takes nothing is counted, and costs nobody anything while all goes well', async () => {
  await writeFile(join(origin.folder, 'live'), 'in the way');
  const packager = origin.packager(SOURCE_FORMAT);
  packager.openSession({ number: 1, beganAtMs: 0 }, ALL);
  await feed(packager, 5);
  await packager.end();
  expect(packager.counts.spoolFailures).toBeGreaterThan(0);
  expect((await origin.recordings.read(RECORDING)).segments).toHaveLength(9);
});

test('a packager that is killed loses the part in progress, and the broadcast goes on', async () => {
  const killed = fork(PROCESS, [origin.folder], { stdio: 'inherit' });
  const told: Pick<LivePart, 'rendition' | 'sequence' | 'part' | 'durationTicks'>[] = [];
  killed.on('message', (part) => told.push(part as (typeof told)[number]));
  await vi.waitFor(() => expect(told.some(({ sequence, part }) => sequence === 2 && part >= 2)).toBe(true), {
    timeout: 60_000,
    interval: 20,
  });
  killed.kill('SIGKILL');
  await once(killed, 'exit');

  const news: number[] = [];
  const packager = await origin.recovered(SOURCE_FORMAT, {
    news: { ...NO_NEWS, segment: ({ sequence }) => news.push(sequence) },
  });
  expect(packager.lastSession).toBe(1);
  const { sessions, segments } = await origin.recordings.read(RECORDING);
  expect(sessions).toEqual([{ number: 1, beganAtMs: 1_750_000_000_000 }]);
  const count = Math.max(...segments.map(({ sequence }) => sequence)) + 1;
  expect(segments).toHaveLength(3 * count);
  for (const rendition of ALL) {
    const own = segments.filter((each) => each.rendition === rendition);
    let at = own[0]?.startTicks;
    for (const { startTicks, durationTicks } of own) {
      expect(startTicks).toBe(at);
      at = startTicks + durationTicks;
    }
    // The last part that was told of may still have been on its way to the disk; the ones before it may not.
    const whole = told.filter((each) => each.rendition === rendition).slice(0, -1);
    const published = whole.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
    expect((at ?? 0) - (own[0]?.startTicks ?? 0)).toBeGreaterThanOrEqual(published);
    const last = own.at(-1);
    const bytes = last && (await bytesOf(segmentKey(RECORDING, 1, rendition, last.sequence)));
    if (last && !last.isGap) expect(bytes && readSegment(bytes)).toMatchObject({ startTicks: last.startTicks });
  }

  packager.openSession({ number: 2, beganAtMs: 1_750_000_060_000 }, ALL);
  await feed(packager, 3);
  await packager.end();
  expect(news[0]).toBe(count);
  const text = await (await origin.get(`/live/${STREAM}/b1/90p/index.m3u8`)).text();
  expect(text).toContain(`#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="2/init.mp4"\n`);
  expect(text).toContain(`2/s0000${count}.m4s`);
});

test('what a killed packager had of one rendition alone is a gap of the others, and whatever is listed besides is there', async () => {
  const never = origin.packager(SOURCE_FORMAT, { deps: origin.deps({ put: () => new Promise<void>(() => {}) }) });
  never.openSession({ number: 1, beganAtMs: 7 }, ALL);
  let pictures = 0;
  const taker = {
    init: (rendition: string, bytes: Uint8Array) => never.takeInit(rendition, bytes),
    fragment: (rendition: string, fragment: Parameters<LivePackager['takeFragment']>[1]) => {
      if (rendition === '180p') pictures += 1;
      // Two segments of the larger picture, and of the others the beginning of a third.
      if (rendition !== '180p' || pictures <= 100) never.takeFragment(rendition, fragment);
    },
  };
  await new LiveSource(taker, { seconds: 5, paced: false }).ended;
  const spool = join(origin.folder, 'live', RECORDING);
  await expect.poll(() => readdir(join(spool, 'audio'))).toContain('1-2.m4s');

  await origin.recovered(SOURCE_FORMAT);
  for (const rendition of ALL) {
    const text = await (await origin.get(`/live/${STREAM}/b1/${rendition}/index.m3u8`)).text();
    const listed = [...text.matchAll(/(#EXT-X-GAP\n)?#EXTINF.*\n(1\/s\d+\.m4s)/g)];
    expect(listed.map(([, gap]) => gap !== undefined)).toEqual([false, false, rendition === '180p']);
    for (const [, gap, uri] of listed)
      expect((await origin.get(`/live/${STREAM}/b1/${rendition}/${uri}`)).status).toBe(gap ? 404 : 200);
  }
});

test('what a killed packager left of a rendition without its init segment is a gap, since nobody could play it', async () => {
  const never = origin.packager(SOURCE_FORMAT, { deps: origin.deps({ put: () => new Promise<void>(() => {}) }) });
  never.openSession({ number: 1, beganAtMs: 7 }, ALL);
  await feed(never, 5);
  const folder = join(origin.folder, 'live', RECORDING, '180p');
  await vi.waitFor(async () => expect(await readdir(folder)).toContain('1-2.m4s'));
  await never.abandon();
  // Begun and not written: what a kill between the two leaves.
  await writeFile(join(folder, 'init-1.mp4'), '');

  await origin.recovered(SOURCE_FORMAT);
  const text = await (await origin.get(`/live/${STREAM}/b1/180p/index.m3u8`)).text();
  expect(text.match(/#EXT-X-GAP\n#EXTINF/g)).toHaveLength(3);
  expect(text).not.toContain('EXT-X-MAP');
  expect(await (await origin.get(`/live/${STREAM}/b1/90p/index.m3u8`)).text()).not.toContain('GAP');
});

/** What was told, by rendition, as playlists have it. */
async function toldIn(): Promise<string[][]> {
  const texts = ALL.map(async (name) => (await origin.get(`/live/${STREAM}/b1/${name}/index.m3u8`)).text());
  return (await Promise.all(texts)).map((text) => text.match(/#EXT-X-DATERANGE:.*/g) ?? []);
}

const moment = (at: number) => ({ id: `md_${at}`, class: 'com.example', startsAtMs: BEGAN_MS + at, text: String(at) });

test('what was told is told in the same words after a crash, and when all is over, whatever the database did', async () => {
  let isAway = false;
  const recordings = Object.create(origin.recordings, {
    addDateRange: {
      value: (...about: Parameters<RecordingRepository['addDateRange']>) =>
        isAway ? new Promise<void>(() => {}) : origin.recordings.addDateRange(...about),
    },
  }) as RecordingRepository;
  const never = origin.packager(SOURCE_FORMAT, { deps: { ...origin.deps(), recordings } });
  never.openSession({ number: 1, beganAtMs: BEGAN_MS }, ALL);
  await feed(never, 5);
  for (let at = 0; at < 60; at += 1) {
    isAway = at % 2 > 0;
    expect(await never.annotate(moment(at))).toBe(true);
  }
  const before = await toldIn();
  expect(before[0]).toHaveLength(50);
  expect(before).toEqual([before[0], before[0], before[0]]);
  await vi.waitFor(async () => expect(await origin.recordings.dateRanges(RECORDING)).toHaveLength(30));

  const packager = await origin.recovered(SOURCE_FORMAT);
  expect(await toldIn()).toEqual(before);
  expect(await origin.recordings.dateRanges(RECORDING)).toHaveLength(60);
  // An id that somebody knows already means what it meant.
  expect(await packager.annotate({ ...moment(59), text: 'another' })).toBe(true);
  expect(await toldIn()).toEqual(before);
  await packager.end();
  expect(await packager.annotate(moment(99))).toBe(false);
  await origin.note(SOURCE_FORMAT, 1);
  origin.onAir.remove(packager);
  expect(await toldIn()).toEqual(before);
});

test('of a broadcast that is over, what its killed packager left is recorded and removed', async () => {
  const never = origin.packager(SOURCE_FORMAT, { deps: origin.deps({ put: () => new Promise<void>(() => {}) }) });
  never.openSession({ number: 1, beganAtMs: 7 }, ALL);
  await feed(never, 5);
  await never.annotate(moment(1));
  await never.abandon();
  const folder = join(origin.folder, 'live');
  await mkdir(join(folder, 'as_nobodyknows'));
  const deps = { ...origin.deps(), broadcasts: new BroadcastRepository(origin.database, systemClock) };
  await origin.note(SOURCE_FORMAT);
  await salvageSpools(deps);
  expect(await readdir(folder)).toEqual([RECORDING]);
  await origin.note(SOURCE_FORMAT, 1);
  await salvageSpools({ ...deps, store: { put: () => Promise.reject(new Fault('STORAGE_UNAVAILABLE')) } });
  expect(await readdir(folder)).toEqual([RECORDING]);
  await salvageSpools(deps);
  expect(await readdir(folder)).toEqual([]);
  const { segments } = await origin.recordings.read(RECORDING);
  expect(segments.map(({ rendition, sequence }) => `${rendition} ${sequence}`)).toEqual(
    ['180p', '90p', 'audio'].flatMap((name) => [0, 1, 2].map((sequence) => `${name} ${sequence}`)),
  );
});

test('what a publisher does not send of a rendition is a gap, and the others go on', async () => {
  const packager = origin.packager(SOURCE_FORMAT);
  packager.openSession({ number: 1, beganAtMs: 0 }, ALL);
  await feed(packager, 5);
  packager.openSession({ number: 2, beganAtMs: 10_000 }, ['90p', 'audio']);
  await feed(packager, 5, ['90p', 'audio']);
  await packager.end();
  const text = await (await origin.get(`/live/${STREAM}/b1/180p/index.m3u8`)).text();
  expect(text.match(/#EXT-X-GAP\n#EXTINF:[12]\.\d+,\n2\/s0000[345]\.m4s\n/g)).toHaveLength(3);
  expect(text).not.toContain('2/init.mp4');
  const whole = await (await origin.get(`/live/${STREAM}/b1/90p/index.m3u8`)).text();
  expect(whole).not.toContain('GAP');
  expect((await origin.get(`/live/${STREAM}/b1/180p/2/s00003.m4s`)).status).toBe(404);
});

test('every part that is listed is there, however short sessions are', async () => {
  const packager = origin.packager(SOURCE_FORMAT);
  for (let number = 1; number <= 12; number += 1) {
    packager.openSession({ number, beganAtMs: 10_000 * number }, ['audio']);
    await feed(packager, 0.5, ['audio']);
    packager.closeSession();
  }
  const text = await (await origin.get(`/live/${STREAM}/b1/audio/index.m3u8`)).text();
  const parts = [...text.matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].map(([, uri]) => uri);
  expect(parts.length).toBeGreaterThan(20);
  for (const uri of parts) {
    const { status } = await origin.get(`/live/${STREAM}/b1/audio/${uri}`);
    expect([uri, status]).toEqual([uri, 200]);
  }
});

test('dates go on when somebody takes over who sends again what was sent, and are those of arrival soon', async () => {
  const packager = origin.packager(SOURCE_FORMAT);
  const arrivesMs = [BEGAN_MS, BEGAN_MS + 4_000];
  for (const [index, beganAtMs] of arrivesMs.entries()) {
    packager.openSession({ number: index + 1, beganAtMs }, ['audio']);
    packager.takePackets(packetsOf(20), beganAtMs + 20_000);
    await feed(packager, index === 0 ? 6 : 19, ['audio']);
    packager.closeSession();
  }
  const text = await (await origin.get(`/live/${STREAM}/b1/audio/index.m3u8`)).text();
  const dates = [...text.matchAll(/PROGRAM-DATE-TIME:(\S+)/g)].map(([, date = '']) => Date.parse(date));
  expect(dates.length).toBeGreaterThan(11);
  for (const [index, date] of dates.entries()) expect(date).toBeGreaterThan(dates[index - 1] ?? 0);
  expect((dates.at(-1) ?? 0) - (BEGAN_MS + 4_000 + 18_000)).toBeLessThanOrEqual(100);
});

test('a node whose lease is over writes no object and no row, and all of them once the lease is renewed', async () => {
  let isHeld = true;
  const written: string[] = [];
  const put = async (key: string, body: Uint8Array) => {
    written.push(key);
    // What failed while it was held is not tried again by one who does not hold it.
    if (written.length === 1) {
      isHeld = false;
      throw new Fault('STORAGE_UNAVAILABLE');
    }
    await origin.store.put(key, body);
  };
  const packager = new LivePackager(origin.deps({ put }), origin.place(SOURCE_FORMAT), NO_NEWS, () => isHeld);
  packager.openSession({ number: 1, beganAtMs: 0 }, ALL);
  await feed(packager, 5);
  packager.closeSession();
  await vi.waitFor(() => expect(written.length + packager.counts.storeRetries).toBeGreaterThan(9), 20_000);
  expect(written).toHaveLength(1);
  expect((await origin.recordings.read(RECORDING)).segments).toEqual([]);
  isHeld = true;
  await packager.end();
  // Three init segments and nine segments, one of these twice.
  expect(written).toHaveLength(13);
  expect((await origin.recordings.read(RECORDING)).segments).toHaveLength(9);
});

test('whoever goes on after a node that fell silent gives no name that it may have given', async () => {
  const addSession = () => Promise.reject(new Fault('UNAVAILABLE'));
  const recordings = Object.assign(Object.create(origin.recordings), { addSession });
  const silent = origin.packager(SOURCE_FORMAT, { deps: { ...origin.deps(), recordings } });
  silent.openSession({ number: 1, beganAtMs: 0 }, ['audio']);
  await feed(silent, 3, ['audio']);
  const elsewhere = { ...origin.deps(), folder: join(origin.folder, 'elsewhere') };
  const place = origin.place(SOURCE_FORMAT);
  const next = await LivePackager.recover(elsewhere, place, NO_NEWS, () => true, { shownUntilMs: 0 });
  expect(next.lastSession).toBeGreaterThanOrEqual(silent.lastSession);
  const itself = await LivePackager.recover(origin.deps(), place, NO_NEWS);
  expect(itself.lastSession).toBe(1);
});

/** Of what is listed, without a number. */
async function listedNames(): Promise<string[]> {
  const text = await (await origin.get(`/live/${STREAM}/b1/audio/index.m3u8`)).text();
  return text.match(/\d+\/s\d+(?:\.p\d+)?\.m4s/g) ?? [];
}

test('what a silent node may have shown is listed with the first whole segment behind it, and held until then', async () => {
  const silent = origin.packager(SOURCE_FORMAT);
  silent.openSession({ number: 1, beganAtMs: 0 }, ['audio']);
  await feed(silent, 7, ['audio']);
  silent.closeSession();
  expect(await silent.isRecorded(60_000)).toBe(true);
  const last = 3;
  const recorded = Array.from({ length: last + 1 }, (_, at) => `1/s0000${at}.m4s`);

  const deps = { ...origin.deps(), folder: join(origin.folder, 'elsewhere') };
  const next = await origin.recovered(SOURCE_FORMAT, { deps, inheritance: { shownUntilMs: 14_000 } });
  expect(await listedNames()).toEqual(recorded);
  // Of what viewers of the silent node may ask for: its next part, one far into a segment that it may have had, its last one.
  const beyond = ['_HLS_msn=4&_HLS_part=0', '_HLS_msn=5&_HLS_part=11', '_HLS_msn=8'];
  const answers = beyond.map((query) => origin.get(`/live/${STREAM}/b1/audio/index.m3u8?${query}`));
  await expect.poll(() => next.waiters.size).toBe(beyond.length);

  next.openSession({ number: next.lastSession + 1, beganAtMs: 20_000 }, ['audio']);
  const states = new Set<string>();
  const look = () => {
    const { listed = [], listedEnd } = next.stage('audio')?.timeline ?? {};
    const isFollowed = listed.some(({ session, isGap }) => session.number > 1 && !isGap);
    const endsInGap = listed.at(-1)?.isGap === true;
    states.add(JSON.stringify({ endsInGap, hasParts: listedEnd?.open !== undefined, isFollowed }));
  };
  await new LiveSource(
    {
      init: (rendition, bytes) => next.takeInit(rendition, bytes),
      fragment: (rendition, fragment) => {
        next.takeFragment(rendition, fragment);
        look();
      },
    },
    { seconds: 5, paced: false, renditions: ['audio'] },
  ).ended;
  expect([...states].map((each) => JSON.parse(each))).toEqual([
    { endsInGap: false, hasParts: false, isFollowed: false },
    { endsInGap: false, hasParts: false, isFollowed: true },
    { endsInGap: false, hasParts: true, isFollowed: true },
  ]);
  for (const answer of await Promise.all(answers)) {
    expect(answer.status).toBe(200);
    expect((await answer.text()).match(/#EXT-X-GAP\n/g)).toHaveLength(5);
  }
});

test('fragments that are none are counted and change nothing', async () => {
  const parts: LivePart[] = [];
  const packager = origin.packager(SOURCE_FORMAT, { news: { ...NO_NEWS, part: (part) => parts.push(part) } });
  packager.openSession({ number: 1, beganAtMs: 0 }, ['audio']);
  await feed(packager, 1, ['audio']);
  const before = parts.length;
  packager.takeFragment('audio', { moof: joinBytes([]), mdat: new Uint8Array(20) });
  packager.takeFragment('nowhere', { moof: new Uint8Array(8), mdat: new Uint8Array(8) });
  packager.takeInit('audio', new Uint8Array(100));
  expect([parts.length, packager.counts.fragmentsUnreadable]).toEqual([before, 1]);
});
