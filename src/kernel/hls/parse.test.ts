import { expect, test } from 'vitest';
import { parsePlaylist } from './parse.ts';

test('text that does not start as a playlist is none', () => {
  expect(parsePlaylist('')).toBeUndefined();
  expect(parsePlaylist('<html>')).toBeUndefined();
  expect(parsePlaylist('#EXTM3U\n')).toBeUndefined();
});

test('a live playlist of somebody else is read', () => {
  const text =
    '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:42\n#EXT-X-MAP:URI="i.mp4"\n#EXTINF:5.5,\na.m4s\n#EXTINF:6,\nb.m4s\n';
  expect(parsePlaylist(text)).toEqual({
    kind: 'media',
    targetDurationSeconds: 6,
    mediaSequence: 42,
    ended: false,
    initUri: 'i.mp4',
    segments: [
      { uri: 'a.m4s', durationSeconds: 5.5 },
      { uri: 'b.m4s', durationSeconds: 6 },
    ],
  });
});

test('a multivariant playlist tells its variants and the renditions beside them', () => {
  const text =
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",URI="en.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=9,AVERAGE-BANDWIDTH=8,CODECS="avc1.640015,mp4a.40.2",RESOLUTION=4x2,FRAME-RATE=25.000,AUDIO="a"\nv.m3u8\n';
  expect(parsePlaylist(text)).toEqual({
    kind: 'multivariant',
    variants: [
      {
        uri: 'v.m3u8',
        bandwidthBps: 9,
        averageBandwidthBps: 8,
        codecs: ['avc1.640015', 'mp4a.40.2'],
        width: 4,
        height: 2,
        framesPerSecond: 25,
        audioGroup: 'a',
      },
    ],
    mediaUris: ['en.m3u8'],
  });
});
