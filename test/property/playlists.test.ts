import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { averageBandwidthBps, peakBandwidthBps } from '../../src/kernel/hls/bandwidth.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { rewriteUris } from '../../src/kernel/hls/rewrite.ts';
import { writeMediaPlaylist, writeMultivariantPlaylist } from '../../src/kernel/hls/write.ts';

const uri = fc.stringMatching(/^[a-z0-9][a-z0-9/._-]{0,30}$/);
const milliseconds = fc.integer({ min: 1, max: 10_000 }).map((ms) => ms / 1_000);

const media = fc.record({
  targetDurationSeconds: fc.integer({ min: 1, max: 20 }),
  initUri: uri,
  segments: fc.array(fc.record({ uri, durationSeconds: milliseconds }), { minLength: 1, maxLength: 30 }),
});

const variant = fc.record({
  uri,
  bandwidthBps: fc.integer({ min: 1, max: 1e9 }),
  averageBandwidthBps: fc.integer({ min: 1, max: 1e9 }),
  codecs: fc.constantFrom(['avc1.640015'], ['avc1.64001f', 'mp4a.40.2']),
  picture: fc.record({
    width: fc.integer({ min: 2, max: 8_192 }),
    height: fc.integer({ min: 2, max: 8_192 }),
    framesPerSecond: fc.constantFrom(25, 30, 50),
  }),
});

describe('what is written is what is read', () => {
  test('media playlists', () => {
    fc.assert(
      fc.property(media, (playlist) => {
        const { targetDurationSeconds, initUri, segments } = playlist;
        expect(parsePlaylist(writeMediaPlaylist(playlist))).toEqual({
          kind: 'media',
          mediaSequence: 0,
          ended: true,
          targetDurationSeconds,
          initUri,
          segments,
        });
      }),
    );
  });

  test('multivariant playlists', () => {
    fc.assert(
      fc.property(fc.array(variant, { minLength: 1, maxLength: 8 }), (variants) => {
        const read = parsePlaylist(writeMultivariantPlaylist({ audio: [], iframes: [], variants }));
        const flat = variants.map(({ picture, ...rest }) => ({ ...rest, ...picture }));
        expect(read).toEqual({ kind: 'multivariant', variants: flat, mediaUris: [] });
      }),
    );
  });
});

describe('rewriting', () => {
  const line = fc.oneof(
    uri,
    uri.map((each) => `#EXT-X-MAP:URI="${each}"`),
    fc.string().map((each) => `#${each}`),
    fc.constant(''),
  );
  const text = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 30 })
    .map((all) => all.flat().join(''));

  test('to the same URIs changes no byte', () => {
    fc.assert(fc.property(text, (playlist) => rewriteUris(playlist, (each) => each) === playlist));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (any) => rewriteUris(any, (each) => each) === any));
  });

  test('reaches every URI of a playlist and nothing else', () => {
    fc.assert(
      fc.property(media, (playlist) => {
        const map = (each: string) => `/t/x/${each}`;
        const mapped = {
          ...playlist,
          initUri: map(playlist.initUri),
          segments: playlist.segments.map((each) => ({ ...each, uri: map(each.uri) })),
        };
        expect(rewriteUris(writeMediaPlaylist(playlist), map)).toBe(writeMediaPlaylist(mapped));
      }),
    );
  });
});

test('no text crashes the reader', () => {
  fc.assert(fc.property(fc.string(), (text) => void parsePlaylist(`#EXTM3U\n${text}`)));
  const tags = fc.constantFrom(
    '#EXTINF:',
    '#EXT-X-MAP:',
    '#EXT-X-STREAM-INF:',
    '#EXT-X-KEY:',
    '#EXT-X-BYTERANGE:',
    '#EXT-X-MEDIA:',
  );
  const lines = fc.array(fc.tuple(tags, fc.string()), { maxLength: 12 });
  fc.assert(fc.property(lines, (all) => void parsePlaylist(`#EXTM3U\n${all.map((each) => each.join('')).join('\n')}`)));
});

test('the peak is never below the average of segments of ordinary length', () => {
  const segments = fc.array(
    fc.record({ bytes: fc.nat(1e7), durationSeconds: fc.double({ min: 2, max: 6, noNaN: true }) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  );
  fc.assert(
    fc.property(segments, (all) => {
      expect(peakBandwidthBps(all, 4)).toBeGreaterThanOrEqual(averageBandwidthBps(all));
    }),
  );
});
