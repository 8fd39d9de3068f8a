import { describe, expect, test } from 'vitest';
import type { Film } from '../film/film.ts';
import type { SubtitleTrack } from '../subtitles/track.ts';
import { filmSubtitlePlaylist, filmSubtitleSegments, withSubtitles } from './film-subtitles.ts';
import { writeMediaPlaylist, writeMultivariantPlaylist } from './write.ts';

/** 150 seconds of 30000/1001 frames: segments of 4.004 seconds, fifteen of which share one of subtitles. */
const FILM: Film = {
  segmentSeconds: 4,
  durationSeconds: 150,
  video: {
    frameRate: { num: 30_000, den: 1_001 },
    framesPerSegment: 120,
    frameCount: 4_496,
    timescale: 30_000,
    renditions: [{ name: '240p', width: 426, height: 240, codecs: 'avc1.640015', level: 21, crf: 25, maxrateBps: 1 }],
  },
};

const track = (name: string, more: Partial<SubtitleTrack> = {}): SubtitleTrack => ({
  name,
  kind: 'subtitles',
  isDefault: false,
  isForced: false,
  origin: 'embedded',
  ...more,
});

test('the playlist spans the film on its grid', () => {
  expect(writeMediaPlaylist(filmSubtitlePlaylist(FILM))).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:61
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXTINF:60.060000,
s00000.vtt
#EXTINF:60.060000,
s00001.vtt
#EXTINF:29.896533,
s00002.vtt
#EXT-X-ENDLIST
`);
});

test('every segment is a file of its own, an empty one too, and a cue over a boundary is in both', () => {
  const segments = filmSubtitleSegments(FILM, [{ startMs: 60_000, endMs: 61_000, text: 'Hello', settings: '' }]);
  expect(segments.map((text) => [text.startsWith('WEBVTT\n'), text.includes('00:01:00.000 --> 00:01:01.000')])).toEqual(
    [
      [true, true],
      [true, true],
      [true, false],
    ],
  );
});

describe('the multivariant playlist', () => {
  const variant = { uri: 'v', bandwidthBps: 1, averageBandwidthBps: 1, codecs: ['avc1.640015'] };
  const plain = { audio: [], variants: [variant], iframes: [] };
  const written = (...tracks: SubtitleTrack[]) =>
    writeMultivariantPlaylist(withSubtitles(plain, tracks, ({ name }) => `subtitles/${name}/index.m3u8`));
  const facts = (text: string) =>
    [...text.matchAll(/NAME="([^"]*)".*DEFAULT=(\w+),AUTOSELECT=(\w+),FORCED=(\w+)/g)].map((match) =>
      match.slice(1).join(),
    );

  test('is as it was without subtitles', () => expect(written()).toBe(writeMultivariantPlaylist(plain)));

  test('names subtitles with what they are for, to every variant', () => {
    expect(written(track('track-3', { language: 'en', kind: 'captions', isDefault: true }))).toContain(
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English (CC)",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound",URI="subtitles/track-3/index.m3u8"',
    );
    expect(written(track('a'))).toContain('CODECS="avc1.640015",SUBTITLES="subtitles"');
  });

  test("has at most one default, the uploaded one before the film's own", () => {
    const all = [
      track('a', { language: 'en', isDefault: true }),
      track('b', { language: 'fr', isDefault: true, origin: 'uploaded' }),
    ];
    expect(facts(written(...all))).toEqual(['English,NO,YES,NO', 'French,YES,YES,NO']);
  });

  test("leaves no two to a player's own choice that it could not tell apart", () => {
    const all = [
      track('a', { language: 'en' }),
      track('b', { language: 'en' }),
      track('c', { language: 'en', isForced: true }),
    ];
    expect(facts(written(...all))).toEqual(['English,NO,YES,NO', 'English 2,NO,NO,NO', 'English (forced),NO,YES,YES']);
  });
});
