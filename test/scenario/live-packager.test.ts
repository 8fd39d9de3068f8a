import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readSegment } from '../../src/kernel/cmaf/segment.ts';
import type { Fragment } from '../../src/kernel/cmaf/splitter.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import type { BroadcastFormat } from '../../src/kernel/live/broadcast.ts';
import type { LivePackager } from '../../src/live/packager/live-packager.ts';
import { feed, LiveSource, SOURCE_FORMAT } from '../harness/live-source.ts';
import { PackagedLive, STREAM } from '../harness/packaged-live.ts';

const ALL = ['90p', '180p', 'audio'];

let origin: PackagedLive;
beforeEach(async () => {
  origin = await PackagedLive.start();
});
afterEach(() => origin.stop());

async function text(path: string): Promise<string> {
  const response = await origin.get(`/live/${STREAM}/${path}`);
  expect(response.status).toBe(200);
  return response.text();
}

test('an ended broadcast is served from what was recorded of it, just as it was', async () => {
  const packager = origin.packager(SOURCE_FORMAT);
  packager.openSession({ number: 1, beganAtMs: 1_750_000_000_000 }, ALL);
  await feed(packager, 5);
  await packager.end();
  const isListed = (line: string) => !line.startsWith('#EXT-X-PART:');
  const paths = ['master.m3u8', ...ALL.map((name) => `b1/${name}/index.m3u8`)];
  const before = await Promise.all(paths.map(text));
  await origin.note(SOURCE_FORMAT, 1_750_000_005_000);
  origin.onAir.remove(packager);
  const after = await Promise.all(paths.slice(1).map(text));
  expect(after).toEqual(before.slice(1).map((each) => each.split('\n').filter(isListed).join('\n')));
  const playlist = parsePlaylist(after[0] ?? '');
  if (playlist?.kind !== 'media') throw new Error('no media playlist');
  expect(playlist).toMatchObject({ ended: true, mediaSequence: 0, initUri: '1/init.mp4' });
  for (const uri of ['1/init.mp4', ...playlist.segments.map((segment) => segment.uri)]) {
    const response = await origin.get(`/live/${STREAM}/b1/90p/${uri}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(100);
  }
  expect((await origin.get(`/live/${STREAM}/b1/90p/2/s00000.m4s`)).status).toBe(404);
});

/** A broadcast of sound alone whose frames a test sends one by one: 16 of them are a part, 94 a segment. */
class Sound {
  readonly packager: LivePackager;
  readonly #fragments: Fragment[] = [];

  private constructor(format: BroadcastFormat) {
    this.packager = origin.packager(format);
  }

  static async start(seconds = 20): Promise<Sound> {
    const { audio } = SOURCE_FORMAT;
    if (!audio) throw new Error('no sound');
    const sound = new Sound({ segmentSeconds: 1, targetDurationSeconds: 1, partTargetSeconds: 0.342, audio });
    sound.packager.openSession({ number: 1, beganAtMs: 0 }, ['audio']);
    const taker = {
      init: (rendition: string, bytes: Uint8Array) => sound.packager.takeInit(rendition, bytes),
      fragment: (_: string, fragment: Fragment) => sound.#fragments.push(fragment),
    };
    await new LiveSource(taker, { seconds, paced: false, renditions: ['audio'] }).ended;
    return sound;
  }

  /** Lets so many frames come. */
  send(frames: number): void {
    for (const fragment of this.#fragments.splice(0, frames)) this.packager.takeFragment('audio', fragment);
  }

  get(uri: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return origin.get(`/live/${STREAM}/b1/audio/${uri}`, headers, signal);
  }

  async held(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.packager.waiters.size).toBe(count), { timeout: 10_000 });
  }
}

test('a reload that waits for a part gets the playlist that has it, as do all who wait', async () => {
  const sound = await Sound.start();
  sound.send(20);
  const waiting = [2, 2, 2].map((part) => sound.get(`index.m3u8?_HLS_msn=0&_HLS_part=${part}`));
  const delta = sound.get('index.m3u8?_HLS_msn=0&_HLS_part=1&_HLS_skip=YES', { 'accept-encoding': 'identity' });
  await sound.held(4);
  sound.send(16);
  expect(await (await delta).text()).toContain('PRELOAD-HINT:TYPE=PART,URI="1/s00000.p2.m4s"');
  await sound.held(3);
  sound.send(16);
  const texts = await Promise.all(waiting.map(async (each) => (await each).text()));
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).toContain('URI="1/s00000.p2.m4s",INDEPENDENT=YES');
});

test('what waits longer than three target durations is told to come back, and the end answers everybody', async () => {
  const sound = await Sound.start();
  sound.send(20);
  const startedMs = performance.now();
  const late = await sound.get('index.m3u8?_HLS_msn=1');
  expect([late.status, late.headers.get('retry-after'), late.headers.get('cache-control')]).toEqual([
    503,
    '1',
    'no-store',
  ]);
  expect(performance.now() - startedMs).toBeGreaterThan(2_900);
  const waiting = ['_HLS_msn=1', '_HLS_msn=1&_HLS_part=0'].map((query) => sound.get(`index.m3u8?${query}`));
  await sound.held(2);
  const end = sound.packager.end();
  for (const response of await Promise.all(waiting)) {
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/#EXT-X-ENDLIST\n$/);
  }
  await end;
  expect((await sound.get('index.m3u8?_HLS_msn=77&_HLS_part=x')).status).toBe(200);
});

test('what is published last can be loaded before the end is told', async () => {
  const sound = await Sound.start();
  sound.send(20);
  const waiting = sound.get('index.m3u8?_HLS_msn=0&_HLS_part=1');
  await sound.held(1);
  const end = sound.packager.end();
  const last = await (await waiting).text();
  expect(last).toContain('URI="1/s00000.p1.m4s"');
  expect(last).not.toContain('#EXT-X-ENDLIST');
  expect(await (await sound.get('index.m3u8?_HLS_msn=1&_HLS_part=0')).text()).toMatch(/#EXT-X-ENDLIST\n$/);
  await end;
});

test('a hinted part is held and then sent whole, one that will never come is not there', async () => {
  const sound = await Sound.start();
  sound.send(32);
  expect((await sound.get('1/s00000.p7.m4s')).status).toBe(404);
  expect((await sound.get('2/s00000.p2.m4s')).status).toBe(404);
  const next = sound.get('1/s00000.p2.m4s');
  await sound.held(1);
  sound.send(16);
  const part = await next;
  expect([part.status, part.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
  expect(readSegment(new Uint8Array(await part.arrayBuffer()))).toMatchObject({ startTicks: 32_768, sampleCount: 15 });
  const first = sound.get('1/s00001.p0.m4s');
  await sound.held(1);
  sound.send(15);
  expect((await first).status).toBe(200);
  const never = sound.get('1/s00001.p1.m4s');
  await sound.held(1);
  sound.packager.closeSession();
  expect((await never).status).toBe(404);
});

test('who leaves while he waits is waited for no longer', async () => {
  const sound = await Sound.start();
  sound.send(20);
  const departure = new AbortController();
  const gone = sound.get('index.m3u8?_HLS_msn=1', {}, departure.signal).catch(() => 'gone');
  await sound.held(1);
  departure.abort();
  expect(await gone).toBe('gone');
  await sound.held(0);
});

test('playlists have a tag for each state, are compressed for those who ask, and age by what they were asked for', async () => {
  const sound = await Sound.start();
  sound.send(60);
  const plain = await sound.get('index.m3u8', { 'accept-encoding': 'identity' });
  expect(plain.headers.get('content-encoding')).toBe(null);
  expect(plain.headers.get('cache-control')).toBe('public, max-age=1');
  const etag = plain.headers.get('etag') ?? '';
  const same = await sound.get('index.m3u8', { 'accept-encoding': 'identity', 'if-none-match': etag });
  expect(same.status).toBe(304);
  const zipped = await sound.get('index.m3u8', { 'accept-encoding': 'gzip' });
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(await zipped.text()).toBe(await plain.text());
  expect(zipped.headers.get('etag')).not.toBe(etag);
  const blocking = await sound.get('index.m3u8?_HLS_msn=0&_HLS_part=0');
  expect(blocking.headers.get('cache-control')).toBe('public, max-age=6');
  sound.send(20);
  expect((await sound.get('index.m3u8', { 'if-none-match': etag })).status).toBe(200);
});

test('what no player asks for is refused or not there', async () => {
  const sound = await Sound.start();
  sound.send(60);
  for (const query of [
    '_HLS_part=1',
    '_HLS_msn=abc',
    '_HLS_msn=1&_HLS_msn=2',
    '_HLS_msn=40',
    '_HLS_msn=1&_HLS_part=99',
  ]) {
    const refused = await sound.get(`index.m3u8?${query}`);
    expect([query, refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
      query,
      400,
      'LIVE_DIRECTIVES_INVALID',
    ]);
  }
  for (const path of ['x/init.mp4', '2/init.mp4', '1/s00009.m4s', '1/s0.m4s']) {
    expect([path, (await sound.get(path)).status]).toEqual([path, 404]);
  }
  for (const path of [
    `${STREAM}/b2/audio/index.m3u8`,
    `${STREAM}/b1/90p/index.m3u8`,
    'ls_bbbbccccddddeeee/master.m3u8',
  ]) {
    expect([path, (await origin.get(`/live/${path}`)).status]).toEqual([path, 404]);
  }
});
