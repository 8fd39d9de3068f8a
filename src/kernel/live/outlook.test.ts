import { expect, test } from 'vitest';
import { readOutlook } from './outlook.ts';

const playlist = (lines: readonly string[]) =>
  Buffer.from(['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:2', ...lines, ''].join('\n'));

test('the part and the map that are hinted are read in their order', () => {
  const lines = [
    '#EXT-X-PART:DURATION=0.3,URI="1/s00001.p0.m4s"',
    '#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="2/init.mp4"',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1/s00001.p1.m4s"',
    '#EXT-X-RENDITION-REPORT:URI="../360p/index.m3u8",LAST-MSN=1,LAST-PART=0',
  ];
  expect(readOutlook(playlist(lines))).toEqual({
    targetSeconds: 2,
    hints: ['2/init.mp4', '1/s00001.p1.m4s'],
    ended: false,
  });
});

test('of the longest window only both ends are read', () => {
  const segments = Array.from({ length: 5_000 }, (_, at) => `#EXTINF:2,\n1/s${at}.m4s`);
  const read = readOutlook(playlist([...segments, '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1/s05000.p0.m4s"']));
  expect(read?.hints).toEqual(['1/s05000.p0.m4s']);
});

test('a stream that is over hints nothing', () => {
  expect(readOutlook(playlist(['#EXT-X-ENDLIST']))).toEqual({ targetSeconds: 2, hints: [], ended: true });
});

test.each([
  ['a multivariant playlist', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na/index.m3u8\n'],
  ['an error', '{"code":"NOT_FOUND"}'],
  ['nothing', ''],
])('%s has no outlook', (_, text) => {
  expect(readOutlook(Buffer.from(text))).toBeUndefined();
});
