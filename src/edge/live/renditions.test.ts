import { expect, test } from 'vitest';
import type { Directives } from '../../kernel/live/directives.ts';
import { Renditions } from './renditions.ts';

const FOLDER = '/live/ls_aaaabbbbccccdddd/b1/720p/';
const playlist = (lines: readonly string[], target = 2) =>
  Buffer.from(['#EXTM3U', `#EXT-X-TARGETDURATION:${target}`, ...lines, ''].join('\n'));

test('what a playlist hints is known by the path it will have', () => {
  const renditions = new Renditions(20_000);
  const body = playlist(['#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1/s00001.p1.m4s"']);
  expect(renditions.learn(`${FOLDER}index.m3u8`, body, 0)).toEqual([`${FOLDER}1/s00001.p1.m4s`]);
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
  const body = playlist([`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${uri}"`]);
  expect(renditions.learn(`${FOLDER}index.m3u8`, body, 0)).toEqual([]);
});

test('an origin is waited for as long as it may hold a request, and not longer than is set', () => {
  const renditions = new Renditions(20_000);
  expect(renditions.holdMs(`${FOLDER}index.m3u8`)).toBe(20_000);
  renditions.learn(`${FOLDER}index.m3u8`, playlist([], 2), 0);
  expect([`${FOLDER}index.m3u8`, `${FOLDER}1/s00001.p1.m4s`].map((path) => renditions.holdMs(path))).toEqual([
    8_000, 8_000,
  ]);
  renditions.learn(`${FOLDER}index.m3u8`, playlist([], 60), 0);
  expect(renditions.holdMs(`${FOLDER}index.m3u8`)).toBe(20_000);
});

test('the newest playlist of a rendition stands for others of it, and a shortened one for none that asks for all', () => {
  const renditions = new Renditions(20_000);
  const [first, second, delta] = ['_HLS_msn=1', '_HLS_msn=2', '_HLS_msn=3&_HLS_skip=YES'].map(
    (state) => `${FOLDER}index.m3u8?${state}`,
  ) as [string, string, string];
  for (const key of [first, second, delta]) renditions.learn(key, playlist([]), 0);
  expect(renditions.newestFor(`${FOLDER}index.m3u8?_HLS_msn=4`)).toEqual([second]);
  expect(renditions.newestFor(`${FOLDER}index.m3u8?_HLS_msn=4&_HLS_skip=YES`)).toEqual([delta, second]);
  expect(renditions.newestFor(`${FOLDER.replace('720p', '360p')}index.m3u8`)).toEqual([]);
});

const PATH = `${FOLDER}index.m3u8`;
/** Segment 7 of three parts is complete, of segment 8 there is one. */
const NOW = [
  '#EXT-X-PART-INF:PART-TARGET=0.66',
  ...[0, 1, 2].map((part) => `#EXT-X-PART:DURATION=0.66,URI="1/s00007.p${part}.m4s"`),
  ...['#EXTINF:2,', '1/s00007.m4s', '#EXT-X-PART:DURATION=0.66,URI="1/s00008.p0.m4s",INDEPENDENT=YES'],
];

function knowing(...keys: readonly string[]): Renditions {
  const renditions = new Renditions(20_000);
  for (const key of keys) renditions.learn(key, playlist(NOW), 1_000);
  return renditions;
}

test('what a playlist in hand has is answered by that, and what it has not is a state to wait for', () => {
  const renditions = knowing(PATH, `${PATH}?_HLS_skip=YES`);
  const outcome = (state: Directives) => renditions.foresee(PATH, state, 1_000);
  expect(outcome({ msn: 8, part: 0 })).toEqual({ state: { msn: 8, part: 0 }, inHand: [PATH] });
  expect(outcome({ msn: 2, skip: true })).toMatchObject({ inHand: [`${PATH}?_HLS_skip=YES`, PATH] });
  expect(outcome({ msn: 8, part: 1 })).toEqual({ state: { msn: 8, part: 1 }, inHand: [] });
  expect(renditions.foresee(PATH, {}, 1_000)).toBeUndefined();
  expect(renditions.foresee(`${FOLDER.replace('b1', 'b2')}index.m3u8`, { msn: 99 }, 1_000)).toBeUndefined();
});

test('a part behind the last one of a segment is the first of the next by name, too', () => {
  const renditions = new Renditions(20_000);
  const state = { msn: 8, part: 0, skip: true } as const;
  renditions.learn(PATH, playlist(NOW.slice(0, -1)), 1_000);
  expect(renditions.foresee(PATH, { msn: 7, part: 9, skip: true }, 1_000)).toEqual({ state, inHand: [] });
  // And stays so when it has come, and a playlist that leaves nothing out is still on its way.
  renditions.learn(`${PATH}?_HLS_skip=YES`, playlist(NOW), 1_000);
  expect(renditions.foresee(PATH, { msn: 7, part: 9 }, 1_000)).toEqual({ state: { msn: 8, part: 0 }, inHand: [] });
});

test('a playlist that arrived longer ago than a target duration answers no other state', () => {
  expect(knowing(PATH).foresee(PATH, { msn: 3 }, 3_001)).toEqual({ state: { msn: 3 }, inHand: [] });
});

test('a delta stands for nobody who asks for all', () => {
  expect(knowing(`${PATH}?_HLS_skip=YES`).foresee(PATH, { msn: 3 }, 1_000)).toMatchObject({ inHand: [] });
});

test('too far ahead is what would be so if more had come than there was time for', () => {
  const renditions = knowing(PATH);
  expect(renditions.foresee(PATH, { msn: 12 }, 1_000)).toMatchObject({ state: { msn: 12 } });
  expect(renditions.foresee(PATH, { msn: 13 }, 1_000)).toBe('too-far-ahead');
  expect(renditions.foresee(PATH, { msn: 13 }, 2_000)).toMatchObject({ state: { msn: 13 } });
  expect(renditions.foresee(PATH, { msn: 50 }, 61_000)).toBe('too-far-ahead');
});
