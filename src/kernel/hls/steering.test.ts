import { expect, test } from 'vitest';
import { parsePlaylist } from './parse.ts';
import { withSteering } from './steering.ts';

const MASTER = [
  '#EXTM3U',
  '#EXT-X-VERSION:6',
  '#EXT-X-INDEPENDENT-SEGMENTS',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",URI="v1/audio/index.m3u8"',
  '#EXT-X-STREAM-INF:BANDWIDTH=1000000,AUDIO="audio"',
  'v1/360p/index.m3u8',
  '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100000,URI="v1/360p/iframes.m3u8"',
  '',
].join('\n');

const STEERING = { serverUri: '/steering?base=a', pathwayId: 'a' };

test('a playlist says where to ask, before its renditions, and whose variants these are', () => {
  expect(withSteering(MASTER, STEERING)).toMatchInlineSnapshot(`
    "#EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-CONTENT-STEERING:SERVER-URI="/steering?base=a",PATHWAY-ID="a"
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",URI="v1/audio/index.m3u8"
    #EXT-X-STREAM-INF:BANDWIDTH=1000000,AUDIO="audio",PATHWAY-ID="a"
    v1/360p/index.m3u8
    #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100000,URI="v1/360p/iframes.m3u8",PATHWAY-ID="a"
    "
  `);
});

test('line ends stay as they are', () => {
  expect(withSteering(MASTER.replaceAll('\n', '\r\n'), STEERING)).toContain('AUDIO="audio",PATHWAY-ID="a"\r\n');
});

test('it is still a playlist for who does not know steering', () => {
  expect(parsePlaylist(withSteering(MASTER, STEERING))).toEqual(parsePlaylist(MASTER));
});
