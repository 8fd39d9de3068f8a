import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Fault } from '../../src/kernel/errors.ts';
import { LivePackager } from '../../src/live/packager/live-packager.ts';
import { feed } from '../harness/live-source.ts';
import { NO_NEWS, PASSING_FORMAT, PackagedLive, RECORDING, STREAM } from '../harness/packaged-live.ts';

const ALL = ['90p', '180p', 'audio'];
const PROCESS = fileURLToPath(new URL('../harness/packager-process.ts', import.meta.url));
/** Of each rendition: six are listed, as many may still be asked for, and what is removed at once is less than these. */
const MOST_KEPT = 28;

let origin: PackagedLive;
beforeEach(async () => {
  origin = await PackagedLive.start();
});
afterEach(() => origin.stop());

async function stored(): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of origin.store.list(`assets/${RECORDING}/v1/`)) keys.push(key);
  return keys;
}

async function segmentCount(): Promise<number> {
  return (await stored()).filter((key) => key.endsWith('.m4s')).length;
}

async function playlist(rendition = '90p') {
  const text = await (await origin.get(`/live/${STREAM}/b1/${rendition}/index.m3u8`)).text();
  const number = (tag: string) => Number(new RegExp(`#EXT-X-${tag}:(\\d+)`).exec(text)?.[1]);
  const listed = [...text.matchAll(/^\d+\/s\d+\.m4s$/gm)].map(([uri]) => uri);
  return { text, listed, first: number('MEDIA-SEQUENCE'), discontinuities: number('DISCONTINUITY-SEQUENCE') };
}

/** But for gaps: of the newest segment a rendition may have nothing when its packager is killed. */
async function allListedIsThere(): Promise<void> {
  for (const rendition of ALL) {
    const { text } = await playlist(rendition);
    const listed = [...text.replace(/#EXT-X-GAP\n.*\n.*\n/g, '').matchAll(/^\d+\/s\d+\.m4s$/gm)].map(([uri]) => uri);
    expect(listed.length).toBeGreaterThan(5);
    const maps = [...text.matchAll(/MAP:URI="([^"]+)"/g)].map(([, uri]) => uri);
    for (const uri of [...maps, ...listed])
      expect((await origin.get(`/live/${STREAM}/b1/${rendition}/${uri}`)).status).toBe(200);
  }
}

test('of a broadcast that nobody keeps no more is stored than players may ask for, in objects and in rows', async () => {
  const packager = origin.packager(PASSING_FORMAT, { isRecorded: false });
  for (const number of [1, 2]) {
    packager.openSession({ number, beganAtMs: 0 }, ALL);
    await feed(packager, 60);
    expect(await packager.isRecorded(20_000)).toBe(true);
    await expect.poll(segmentCount).toBeLessThan(MOST_KEPT * ALL.length);
  }
  // Objects go before their rows.
  const rows = () => origin.recordings.read(RECORDING);
  await expect.poll(async () => (await rows()).sessions.map(({ number }) => number)).toEqual([2]);
  await expect.poll(async () => (await rows()).segments.length).toBeLessThan(MOST_KEPT * ALL.length);
  expect((await stored()).filter((key) => key.includes('init-1'))).toEqual([]);
  const { first, discontinuities } = await playlist();
  expect(first).toBeGreaterThan(50);
  expect(discontinuities).toBe(1);
  await allListedIsThere();
  // What has just left the window is still there for those who have not heard of it.
  const left = `2/s000${first - 1}.m4s`;
  expect((await origin.get(`/live/${STREAM}/b1/90p/${left}`)).status).toBe(200);
}, 120_000);

test('a recording stays whole, however short the window is', async () => {
  const packager = origin.packager(PASSING_FORMAT);
  packager.openSession({ number: 1, beganAtMs: 0 }, ALL);
  await feed(packager, 60);
  await packager.end();
  expect((await playlist()).first).toBeGreaterThan(20);
  expect(await segmentCount()).toBe(30 * ALL.length);
  expect((await origin.recordings.read(RECORDING)).segments).toHaveLength(30 * ALL.length);
});

test('a packager that is killed goes on with its numbers, though the beginning is not there any more', async () => {
  const killed = fork(PROCESS, [origin.folder, 'passing'], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const isFar = new Promise<void>((resolve) => {
    killed.on('message', ({ sequence }: { sequence: number }) => sequence >= 60 && resolve());
  });
  await isFar;
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  expect((await stored()).some((key) => key.endsWith('s00000.m4s'))).toBe(false);

  const packager = await origin.recovered(PASSING_FORMAT, { isRecorded: false });
  const before = await playlist();
  expect(before.first).toBeGreaterThan(40);
  expect(before.discontinuities).toBe(0);
  await allListedIsThere();
  const next = packager.stage('90p')?.timeline.nextSequence ?? 0;
  packager.openSession({ number: 2, beganAtMs: 0 }, ALL);
  await feed(packager, 5);
  const after = await playlist();
  expect(after.text).toContain(`#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="2/init.mp4"\n`);
  expect(after.listed).toContain(`2/s000${next}.m4s`);
  packager.openSession({ number: 3, beganAtMs: 0 }, ALL);
  await feed(packager, 60);
  expect(await packager.isRecorded(20_000)).toBe(true);
  await expect.poll(segmentCount).toBeLessThan(MOST_KEPT * ALL.length);
  expect((await playlist()).discontinuities).toBe(2);
  await packager.abandon();
  origin.onAir.remove(packager);

  await origin.recovered(PASSING_FORMAT, { isRecorded: false });
  expect(await playlist()).toMatchObject({ discontinuities: 2, listed: (await playlist('180p')).listed });
  await allListedIsThere();
}, 120_000);

test('a store that removes nothing holds nobody up, and is asked again', async () => {
  let isAway = true;
  const deletePrefix = async (prefix: string) => {
    if (isAway) throw new Fault('STORAGE_UNAVAILABLE');
    await origin.store.deletePrefix(prefix);
  };
  const packager = origin.packager(PASSING_FORMAT, { isRecorded: false, deps: origin.deps({ deletePrefix }) });
  packager.openSession({ number: 1, beganAtMs: 0 }, ALL);
  await feed(packager, 60);
  expect((await playlist()).first).toBeGreaterThan(20);
  await allListedIsThere();
  isAway = false;
  packager.openSession({ number: 2, beganAtMs: 0 }, ALL);
  await feed(packager, 4);
  await vi.waitFor(async () => expect(await segmentCount()).toBeLessThan(MOST_KEPT * ALL.length), 20_000);
});

test('what leaves the window while something is being removed is removed after it, though nothing more comes', async () => {
  const slow = Promise.withResolvers<void>();
  const deletePrefix = async (prefix: string) => {
    await slow.promise;
    await origin.store.deletePrefix(prefix);
  };
  const packager = origin.packager(PASSING_FORMAT, { isRecorded: false, deps: origin.deps({ deletePrefix }) });
  packager.openSession({ number: 1, beganAtMs: 0 }, ALL);
  await feed(packager, 90);
  expect(await packager.isRecorded(20_000)).toBe(true);
  slow.resolve();
  await expect.poll(segmentCount).toBeLessThan(MOST_KEPT * ALL.length);
});

test('a node that another has taken the broadcast from removes nothing more of it', async () => {
  let isHeld = true;
  const removed: string[] = [];
  const deletePrefix = async (prefix: string) => {
    removed.push(prefix);
    isHeld = false;
  };
  const place = origin.place(PASSING_FORMAT, false);
  const packager = new LivePackager(origin.deps({ deletePrefix }), place, NO_NEWS, () => isHeld);
  packager.openSession({ number: 1, beganAtMs: 0 }, ALL);
  await feed(packager, 60);
  await vi.waitFor(() => expect(removed.length).toBeGreaterThan(0), 20_000);
  await packager.abandon();
  expect(removed).toHaveLength(1);
  const { segments } = await origin.recordings.read(RECORDING);
  expect(segments.some(({ sequence }) => sequence === 0)).toBe(true);
});
