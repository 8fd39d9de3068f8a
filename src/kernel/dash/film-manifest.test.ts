import { expect, test } from 'vitest';
import type { Film } from '../film/film.ts';
import type { SubtitleTrack } from '../subtitles/track.ts';
import { filmManifest } from './film-manifest.ts';
import { writeManifest } from './write.ts';

const film: Film = {
  segmentSeconds: 4,
  durationSeconds: 8,
  audio: {
    sampleRate: 48_000,
    frameCount: 375,
    renditions: [{ name: 'audio', codecs: 'mp4a.40.2', bitrateBps: 128_000, channels: 2 }],
  },
};

const track = (name: string, more: Partial<SubtitleTrack> = {}): SubtitleTrack => ({
  name,
  kind: 'subtitles',
  isDefault: false,
  isForced: false,
  origin: 'uploaded',
  ...more,
});

const textsOf = (...tracks: SubtitleTrack[]) =>
  filmManifest(film, 1, new Map(), { tracks, uriOf: ({ name }) => `subtitles/${name}/all.vtt` }).periods[0]?.texts ??
  [];

test('every text is a set with its language, use and file, and one of them the main one', () => {
  const texts = textsOf(
    track('up-1', { language: 'en', isDefault: true }),
    track('up-2', { language: 'de', kind: 'captions' }),
    track('up-3', { language: 'de', isForced: true }),
  );
  expect(texts.map(({ label, language, roles, uri }) => [label, language, roles, uri])).toEqual([
    ['English', 'en', ['main', 'subtitle'], 'subtitles/up-1/all.vtt'],
    ['German (CC)', 'de', ['alternate', 'caption'], 'subtitles/up-2/all.vtt'],
    ['German (forced)', 'de', ['alternate', 'forced-subtitle'], 'subtitles/up-3/all.vtt'],
  ]);
});

test("a text of the film's own gives way to an uploaded one of the same use, as in HLS", () => {
  const own = track('track-2', { language: 'en', origin: 'embedded' });
  expect(textsOf(own, track('up-1', { language: 'en' })).map(({ id }) => id)).toEqual(['text-up-1']);
});

test('a text is written as one WebVTT file behind the sets of segments, under a number of its own', () => {
  const texts = { tracks: [track('up-1', { language: 'en' })], uriOf: () => 'subtitles/up-1/all.vtt' };
  expect(writeManifest(filmManifest(film, 1, new Map(), texts))).toContain(
    `    <AdaptationSet id="1" contentType="text" mimeType="text/vtt" lang="en">
      <Label>English</Label>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="alternate"/>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="subtitle"/>
      <Representation id="text-up-1" bandwidth="1000">
        <BaseURL>subtitles/up-1/all.vtt</BaseURL>
      </Representation>
    </AdaptationSet>
  </Period>`,
  );
});
