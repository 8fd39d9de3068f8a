import { expect, test } from 'vitest';
import { Renditions } from './renditions.ts';

const FOLDER = '/live/ls_aaaabbbbccccdddd/b1/720p/';
const playlist = (lines: readonly string[], target = 2) =>
  Buffer.from(['#EXTM3U', `#EXT-X-TARGETDURATION:${target}`, ...lines, ''].join('\n'));

test('what a playlist hints is known by the path it will have', () => {
  const renditions = new Renditions(20_000);
  const body = playlist(['#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1/s00001.p1.m4s"']);
  expect(renditions.learn(`${FOLDER}index.m3u8`, body)).toEqual([`${FOLDER}1/s00001.p1.m4s`]);
});

test.each([
  '../360p/1/s00001.p1.m4s',
  '/live/ls_aaaabbbbccccdddd/b1/720p/1/s00001.p1.m4s',
  'http://10.0.0.1/1/s00001.p1.m4s',
  '//elsewhere.example/1/s00001.p1.m4s',
  '1/s00001.p1.m4s?x=1',
  '%2e%2e/1/s00001.p1.m4s',
  'index.m3u8',
])('a hint that leads to %s is not followed', (uri) => {
  const renditions = new Renditions(20_000);
  expect(renditions.learn(`${FOLDER}index.m3u8`, playlist([`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${uri}"`]))).toEqual([]);
});

test('an origin is waited for as long as it may hold a request, and not longer than is set', () => {
  const renditions = new Renditions(20_000);
  expect(renditions.holdMs(`${FOLDER}index.m3u8`)).toBe(20_000);
  renditions.learn(`${FOLDER}index.m3u8`, playlist([], 2));
  expect([`${FOLDER}index.m3u8`, `${FOLDER}1/s00001.p1.m4s`].map((path) => renditions.holdMs(path))).toEqual([
    8_000, 8_000,
  ]);
  renditions.learn(`${FOLDER}index.m3u8`, playlist([], 60));
  expect(renditions.holdMs(`${FOLDER}index.m3u8`)).toBe(20_000);
});

test('the newest playlist of a rendition stands for others of it, and a shortened one for none that asks for all', () => {
  const renditions = new Renditions(20_000);
  const [first, second, delta] = ['_HLS_msn=1', '_HLS_msn=2', '_HLS_msn=3&_HLS_skip=YES'].map(
    (state) => `${FOLDER}index.m3u8?${state}`,
  ) as [string, string, string];
  for (const key of [first, second, delta]) renditions.learn(key, playlist([]));
  expect(renditions.newestFor(`${FOLDER}index.m3u8?_HLS_msn=4`)).toEqual([second]);
  expect(renditions.newestFor(`${FOLDER}index.m3u8?_HLS_msn=4&_HLS_skip=YES`)).toEqual([delta, second]);
  expect(renditions.newestFor(`${FOLDER.replace('720p', '360p')}index.m3u8`)).toEqual([]);
});
