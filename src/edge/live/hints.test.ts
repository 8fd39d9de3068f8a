import { expect, test } from 'vitest';
import { Hints } from './hints.ts';

const FOLDER = '/live/ls_aaaabbbbccccdddd/b1/720p/';
const playlist = (lines: readonly string[], target = 2) =>
  Buffer.from(['#EXTM3U', `#EXT-X-TARGETDURATION:${target}`, ...lines, ''].join('\n'));

test('what a playlist hints is known by the path it will have', () => {
  const hints = new Hints(20_000);
  const body = playlist(['#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1/s00001.p1.m4s"']);
  expect(hints.learn(`${FOLDER}index.m3u8`, body)).toEqual([`${FOLDER}1/s00001.p1.m4s`]);
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
  const hints = new Hints(20_000);
  expect(hints.learn(`${FOLDER}index.m3u8`, playlist([`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${uri}"`]))).toEqual([]);
});

test('an origin is waited for as long as it may hold a request, and not longer than is set', () => {
  const hints = new Hints(20_000);
  expect(hints.holdMs(`${FOLDER}index.m3u8`)).toBe(20_000);
  hints.learn(`${FOLDER}index.m3u8`, playlist([], 2));
  expect([`${FOLDER}index.m3u8`, `${FOLDER}1/s00001.p1.m4s`].map((path) => hints.holdMs(path))).toEqual([8_000, 8_000]);
  hints.learn(`${FOLDER}index.m3u8`, playlist([], 60));
  expect(hints.holdMs(`${FOLDER}index.m3u8`)).toBe(20_000);
});
