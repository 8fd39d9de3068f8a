import { expect, test } from 'vitest';
import { readOutlook } from './outlook.ts';

const FOLDER = '/live/ls_aaaabbbbccccdddd/b1/720p/';
const read = (bytes: Buffer) => readOutlook(bytes, FOLDER);

const playlist = (lines: readonly string[]) =>
  Buffer.from(['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:2', ...lines, ''].join('\n'));

test('the part and the map that are hinted are read in their order', () => {
  const lines = [
    '#EXT-X-PART:DURATION=0.3,URI="1/s00001.p0.m4s"',
    '#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="2/init.mp4"',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1/s00001.p1.m4s"',
    '#EXT-X-RENDITION-REPORT:URI="../360p/index.m3u8",LAST-MSN=1,LAST-PART=0',
  ];
  expect(read(playlist(lines))).toEqual({
    targetSeconds: 2,
    hints: [`${FOLDER}2/init.mp4`, `${FOLDER}1/s00001.p1.m4s`],
    progress: undefined,
  });
});

test('of the longest window only both ends are read', () => {
  const segments = Array.from({ length: 5_000 }, (_, at) => `#EXTINF:2,\n1/s${at}.m4s`);
  const outlook = read(playlist([...segments, '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1/s05000.p0.m4s"']));
  expect(outlook?.hints).toEqual([`${FOLDER}1/s05000.p0.m4s`]);
});

test('a stream that is over hints nothing', () => {
  const lines = ['#EXT-X-PART-INF:PART-TARGET=0.5', '1/s00003.m4s', '#EXT-X-ENDLIST'];
  const outlook = read(playlist(lines));
  expect(outlook?.hints).toEqual([]);
  expect(outlook?.progress).toMatchObject({ last: 3, isEnded: true });
});

const part = (sequence: number, at: number, rest = '') =>
  `#EXT-X-PART:DURATION=0.5,URI="2/s0000${sequence}.p${at}.m4s"${rest}`;
const segment = (sequence: number) => `2/s0000${sequence}.m4s`;

test.each([
  ['a segment that is complete', [part(4, 0), part(4, 1), segment(4)], { last: 4, lastParts: 2, openParts: 0 }],
  [
    'one in progress',
    [part(4, 0), segment(4), part(5, 0, ',INDEPENDENT=YES')],
    { last: 4, lastParts: 1, openParts: 1 },
  ],
  ['the first one', [part(0, 0), part(0, 1, ',GAP=YES')], { last: -1, openParts: 2 }],
  ['one without parts', ['#EXT-X-GAP', segment(4)], { last: 4, lastParts: Number.POSITIVE_INFINITY, openParts: 0 }],
] as const)('how far a playlist is can be read from its end: %s', (_, lines, progress) => {
  const told = read(playlist(['#EXT-X-PART-INF:PART-TARGET=0.5', ...lines]))?.progress;
  expect(told).toMatchObject({ ...progress, isEnded: false, partTargetSeconds: 0.5 });
});

test('before there is anything, and of names that are not ours, nothing is known of how far it is', () => {
  for (const lines of [[], ['seg12.ts'], ['../360p/1/s00001.m4s']])
    expect(read(playlist(['#EXT-X-PART-INF:PART-TARGET=0.5', ...lines]))?.progress).toBeUndefined();
});

test.each([
  ['a multivariant playlist', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na/index.m3u8\n'],
  ['an error', '{"code":"NOT_FOUND"}'],
  ['nothing', ''],
])('%s has no outlook', (_, text) => {
  expect(read(Buffer.from(text))).toBeUndefined();
});
