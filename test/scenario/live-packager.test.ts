import { afterEach, beforeEach, expect, test } from 'vitest';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import type { LivePackager } from '../../src/live/packager/live-packager.ts';
import { LiveSource, SOURCE_FORMAT } from '../harness/live-source.ts';
import { PackagedLive, STREAM } from '../harness/packaged-live.ts';

const ALL = ['90p', '180p', 'audio'];

let origin: PackagedLive;
beforeEach(async () => {
  origin = await PackagedLive.start();
});
afterEach(() => origin.stop());

/** So many seconds of a source, as fast as they can be encoded. */
async function feed(packager: LivePackager, seconds: number): Promise<void> {
  const taker = {
    init: (rendition: string, bytes: Uint8Array) => packager.takeInit(rendition, bytes),
    fragment: (rendition: string, fragment: Parameters<LivePackager['takeFragment']>[1]) =>
      packager.takeFragment(rendition, fragment),
  };
  await new LiveSource(taker, { seconds, paced: false }).ended;
}

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
