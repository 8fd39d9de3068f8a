import { expect, test } from 'vitest';
import { liveInitUri, livePartUri, livePlaylistUri, liveSegmentUri, parseLivePath } from './paths.ts';

const STREAM = 'ls_aaaabbbbccccdddd';
const PLAYLIST = `/live/${STREAM}/${livePlaylistUri(3, '720p')}`;
const below = (uri: string) => PLAYLIST.replace('index.m3u8', uri);

test('every name that playlists use is read back as what it stands for', () => {
  const rendition = { streamId: STREAM, broadcast: 3, rendition: '720p' };
  expect(parseLivePath(PLAYLIST)).toEqual({ kind: 'playlist', ...rendition });
  expect(parseLivePath(below(liveInitUri(2)))).toEqual({ kind: 'init', ...rendition, session: 2 });
  expect(parseLivePath(below(liveSegmentUri(2, 12)))).toEqual({
    kind: 'segment',
    ...rendition,
    session: 2,
    sequence: 12,
  });
  expect(parseLivePath(below(livePartUri(2, 123_456, 0)))).toEqual({
    kind: 'part',
    ...rendition,
    session: 2,
    sequence: 123_456,
    part: 0,
  });
});

test('nothing has a second name', () => {
  const others = ['2/s000012.m4s', '02/s00012.m4s', '2/s12.m4s', '2/s00012.p01.m4s', '0/init.mp4', '2/../2/init.mp4'];
  expect(others.map((uri) => parseLivePath(below(uri)))).toEqual(others.map(() => undefined));
});
