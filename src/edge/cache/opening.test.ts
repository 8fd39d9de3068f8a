import { expect, test } from 'vitest';
import { isOpening } from './opening.ts';

const SEGMENT_BYTES = 1_000_000;

test.each([
  ['/assets/as_a/v1/480p/s00000.m4s', undefined],
  ['/hls/seg-1.ts', undefined],
  ['/dash/chunk-stream0-00001.m4s?session=5', undefined],
  ['/live/index.m3u8', undefined],
  ['/manifest.mpd\naccept-language: de', undefined],
  ['/play/5f3a', 'application/vnd.apple.mpegurl'],
  ['/film/init-video.mp4', undefined],
])('%s opens a film', (key, contentType) => {
  expect(isOpening(key, contentType, SEGMENT_BYTES)).toBe(true);
});

test.each(['/assets/as_a/v1/480p/s00002.m4s', '/hls/seg-10.ts', '/hls/seg-11.ts', '/poster.jpg', '/s0.m4s/other.bin'])(
  '%s does not',
  (key) => {
    expect(isOpening(key, 'video/mp4', SEGMENT_BYTES)).toBe(false);
  },
);

test('what is small is worth keeping, and a whole film is no first segment', () => {
  expect(isOpening('/poster.jpg', 'image/jpeg', 10_000)).toBe(true);
  expect(isOpening('/film-1.mp4', 'video/mp4', 50_000_000)).toBe(false);
});
