import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { writeMediaPlaylist } from '../../src/kernel/hls/write.ts';
import type { LiveSegment } from '../../src/kernel/live/broadcast.ts';
import { planClip } from '../../src/kernel/recording/clip.ts';
import { recordedManifest } from '../../src/kernel/recording/manifest.ts';
import { recordedMediaPlaylist } from '../../src/kernel/recording/playlists.ts';
import {
  makeRecording,
  recordedNames,
  recordedSeconds,
  type StoredRecording,
} from '../../src/kernel/recording/recording.ts';
import { FORMAT } from '../harness/recorded-broadcast.ts';

const NAMES = ['180p', '360p', 'audio'];

/** Whatever a broadcast leaves: sessions of some segments of odd lengths, of which any may be missing or a gap. */
const left: fc.Arbitrary<StoredRecording> = fc
  .array(
    fc.array(
      fc.record({
        ms: fc.integer({ min: 200, max: 2_400 }),
        fates: fc.array(fc.nat(9), { minLength: 3, maxLength: 3 }),
      }),
      { maxLength: 12 },
    ),
    { maxLength: 4 },
  )
  .map((sessions) => {
    let sequence = 0;
    const segments = sessions.flatMap((all, at) => {
      let startMs = 0;
      return all.flatMap(({ ms, fates }) => {
        const number = sequence++;
        const from = startMs;
        startMs += ms;
        return NAMES.flatMap((rendition, index): LiveSegment[] => {
          if (fates[index] === 0) return [];
          const scale = rendition === 'audio' ? 48 : 90;
          const place = {
            rendition,
            sequence: number,
            session: at + 1,
            startTicks: from * scale,
            durationTicks: ms * scale,
          };
          return [{ ...place, bytes: ms, ...(fates[index] === 1 ? { isGap: true as const } : {}) }];
        });
      });
    });
    return { format: FORMAT, sessions: sessions.map((_, at) => ({ number: at + 1, beganAtMs: 1_000 })), segments };
  });

/** A number of which no rendition has anything, not even that it is a gap: a disk that was full, or one that broke. */
const LOST_EVERYWHERE: StoredRecording = {
  format: FORMAT,
  sessions: [{ number: 1, beganAtMs: 1_000 }],
  segments: [
    { rendition: '180p', sequence: 0, session: 1, startTicks: 0, durationTicks: 18_000, bytes: 200 },
    { rendition: 'audio', sequence: 0, session: 1, startTicks: 0, durationTicks: 9_600, bytes: 200 },
    { rendition: '180p', sequence: 2, session: 1, startTicks: 36_000, durationTicks: 18_000, bytes: 200 },
    { rendition: 'audio', sequence: 2, session: 1, startTicks: 19_200, durationTicks: 9_600, bytes: 200 },
  ],
};

test('whatever is missing, every playlist has the same numbers, and names nothing that is not stored', () => {
  fc.assert(
    fc.property(left, (stored) => {
      const recording = makeRecording(stored);
      if (!recording) return;
      const there = new Set(
        stored.segments.filter(({ isGap }) => !isGap).map((each) => `${each.rendition} ${each.sequence}`),
      );
      const lists = recordedNames(recording).map((name) => {
        const text = writeMediaPlaylist(recordedMediaPlaylist(recording, name));
        const listed = [...text.matchAll(/(#EXT-X-GAP\n)?#EXTINF:[\d.]+,\ns(\d+)\.m4s/g)];
        for (const [, gap, number] of listed) expect(there.has(`${name} ${Number(number)}`)).toBe(gap === undefined);
        const playlist = parsePlaylist(text);
        if (playlist?.kind !== 'media') throw new Error('no media playlist');
        for (const { durationSeconds } of playlist.segments)
          expect(Math.round(durationSeconds)).toBeLessThanOrEqual(playlist.targetDurationSeconds);
        return listed.map(([, , number]) => number);
      });
      for (const list of lists) expect(list).toEqual(lists[0]);
    }),
    { examples: [[LOST_EVERYWHERE]] },
  );
});

test('numbers and times of every period of a manifest go on without a hole', () => {
  fc.assert(
    fc.property(left, (stored) => {
      const recording = makeRecording(stored);
      if (!recording) return;
      const { periods } = recordedManifest(recording, 1, new Map(), { tracks: [], uriOf: () => '' });
      const there = new Set(
        stored.segments.filter(({ isGap }) => !isGap).map((each) => `${each.rendition} ${each.sequence}`),
      );
      for (const { sets } of periods)
        for (const { startNumber = 0, timeline, representations } of sets)
          for (const { id } of representations) {
            const count = timeline.reduce((sum, run) => sum + run.count, 0);
            for (let at = 0; at < count; at += 1) expect(there.has(`${id} ${startNumber + at}`)).toBe(true);
          }
    }),
    { examples: [[LOST_EVERYWHERE]] },
  );
});

test('a clip is never shorter than what was asked for where its ends are whole, and lies within its asset', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(left, share, share, (stored, one, other) => {
      const whole = makeRecording(stored);
      if (!whole) return;
      const seconds = recordedSeconds(whole);
      const [inSeconds, outSeconds] = [seconds * Math.min(one, other), seconds * Math.max(one, other)];
      const clip = planClip(stored, { inSeconds, outSeconds });
      if (!clip) return;
      expect(clip.inSeconds).toBeGreaterThanOrEqual(0);
      expect(clip.outSeconds).toBeLessThanOrEqual(seconds + 1e-6);
      expect(clip.outSeconds).toBeGreaterThan(clip.inSeconds);
    }),
  );
});
