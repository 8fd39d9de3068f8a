import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renditionsOf } from '../../src/kernel/live/broadcast.ts';
import { isKeyFrame } from '../../src/kernel/live/frames.ts';
import { type RenditionCut, SessionCutter } from '../../src/kernel/live/session-cutter.ts';
import { frameAt, framesOfMood, LIVE_FORMAT, moodySessions } from '../harness/live-frames.ts';

const TRACKS = renditionsOf(LIVE_FORMAT);

/** The cuts of one rendition by segment, each with the parts before it. */
function segmentsOf(cuts: readonly RenditionCut[], rendition: string) {
  const segments: { parts: RenditionCut[]; segment: RenditionCut }[] = [];
  const parts: RenditionCut[] = [];
  for (const cut of cuts.filter((each) => each.rendition === rendition)) {
    if (cut.kind !== 'segment') parts.push(cut);
    else segments.push({ parts: parts.splice(0), segment: cut });
  }
  expect(parts).toEqual([]);
  return segments;
}

test('whatever comes, parts fill segments, segments follow one another and every rendition has as many', () => {
  fc.assert(
    fc.property(moodySessions, (sessions) => {
      for (const { mood, present } of sessions) {
        const cutter = new SessionCutter(LIVE_FORMAT, present);
        const cuts = framesOfMood(mood).flatMap(({ rendition, frame }) => cutter.take(rendition, [frame]));
        cuts.push(...cutter.close());
        const counts = TRACKS.map(({ name, timescale }) => {
          const segments = segmentsOf(cuts, name);
          let at = segments[0]?.segment.startTicks ?? 0;
          for (const [index, { parts, segment }] of segments.entries()) {
            expect(segment).toMatchObject({ segment: index, startTicks: at });
            expect(segment.durationTicks).toBeGreaterThan(0);
            expect(Math.round(segment.durationTicks / timescale)).toBeLessThanOrEqual(2);
            checkParts(parts, timescale);
            if (parts.length > 0) {
              const sum = parts.reduce((ticks, { durationTicks }) => ticks + durationTicks, 0);
              expect(sum).toBe(segment.durationTicks);
            }
            at += segment.durationTicks;
          }
          return segments.length;
        });
        expect(new Set(counts).size).toBe(1);
      }
    }),
    { numRuns: 100 },
  );
});

function checkParts(parts: readonly RenditionCut[], timescale: number): void {
  const target = Math.floor(LIVE_FORMAT.partTargetSeconds * timescale + 1e-3);
  for (const [index, part] of parts.entries()) {
    expect(part).toMatchObject({ part: index });
    expect(part.durationTicks).toBeLessThanOrEqual(target);
    const next = parts[index + 1];
    if (part.kind !== 'part' || !next || next.kind === 'missing' || part.isIndependent) continue;
    expect(part.durationTicks).toBeGreaterThanOrEqual(0.85 * target);
  }
  const media = parts.filter((each) => each.kind === 'part');
  const [first] = media;
  if (first) expect(first.frames[0] && isKeyFrame(first.frames[0])).toBe(true);
  for (const part of media) {
    let at = part.startTicks;
    for (const { startTicks, sample } of part.frames) {
      expect(startTicks).toBe(at);
      at += sample.durationTicks;
    }
    expect(at).toBe(part.startTicks + part.durationTicks);
    expect(part.isIndependent).toBe(part.frames.some(isKeyFrame));
  }
}

test('a source that keeps time is cut at its key frames, and its sound as near to them as frames allow', () => {
  const cutter = new SessionCutter(LIVE_FORMAT, ['360p', '720p', 'audio']);
  const cuts: RenditionCut[] = [];
  const { frames } = steady(500);
  for (const { rendition, frame } of frames) cuts.push(...cutter.take(rendition, [frame]));
  cuts.push(...cutter.close());
  for (const name of ['360p', '720p']) {
    const segments = segmentsOf(cuts, name);
    expect(segments.map(({ segment }) => segment.durationTicks)).toEqual(Array(10).fill(180_000));
    for (const { parts } of segments) {
      expect(parts.map(({ durationTicks }) => durationTicks / 3_600)).toEqual([8, 8, 8, 8, 8, 8, 2]);
    }
  }
  for (const [index, { segment, parts }] of segmentsOf(cuts, 'audio').entries()) {
    expect(Math.abs(segment.startTicks - index * 96_000)).toBeLessThanOrEqual(512);
    expect(parts.every(({ kind }) => kind === 'part')).toBe(true);
  }
  expect(cutter.dropped).toBe(0);
});

test('a rung that is the source, late or a picture beside the others, is cut at the same key frames as they are', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 0.4, noNaN: true }),
      fc.array(fc.double({ min: -0.6, max: 0.6, noNaN: true }), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(0, 10),
      (lateSeconds, slips, behindFrames) => {
        const cutter = new SessionCutter(LIVE_FORMAT, ['360p', '720p']);
        const cuts = besides(lateSeconds, slips, behindFrames).flatMap(({ rendition, frame }) =>
          cutter.take(rendition, [frame]),
        );
        cuts.push(...cutter.close());
        expect(cutter.dropped).toBe(0);
        const [encoded = [], copied = []] = ['360p', '720p'].map((name) => segmentsOf(cuts, name));
        expect(copied).toHaveLength(encoded.length);
        for (const [index, { parts, segment }] of copied.entries()) {
          expect(parts.every(({ kind }) => kind === 'part')).toBe(true);
          const apart = Math.abs(segment.startTicks - (encoded[index]?.segment.startTicks ?? 0));
          if (index > 0) expect(apart).toBeLessThanOrEqual(1.11 * 3_600);
          for (const each of [segment, encoded[index]?.segment]) {
            expect(Math.round((each?.durationTicks ?? 0) / 90_000)).toBeLessThanOrEqual(2);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** The packets of a source that begins late, and what is encoded of it at a steady rate: from 0, at times a picture off, and done later. */
function besides(lateSeconds: number, slips: readonly number[], behindFrames: number) {
  const late = Math.round(lateSeconds * 90_000);
  const keys = Array.from({ length: 11 }, (_, group) => {
    const slip = slips[group % slips.length] ?? 0;
    return group === 0 ? 0 : Math.round(late / 3_600 + group * 50 + slip);
  });
  const frames = Array.from({ length: 460 }, (_, n) => [
    { rendition: '360p', at: n + behindFrames, frame: frameAt(n * 3_600, 3_600, keys.includes(n)) },
    { rendition: '720p', at: n + late / 3_600, frame: frameAt(late + n * 3_600, 3_600, n % 50 === 0) },
  ]);
  return frames.flat().sort((one, other) => one.at - other.at);
}

function steady(count: number) {
  const frames = Array.from({ length: count }, (_, n) => n).flatMap((n) => [
    ...['360p', '720p'].map((rendition) => ({ rendition, frame: frameAt(n * 3_600, 3_600, n % 50 === 0) })),
  ]);
  const audio = Array.from({ length: Math.floor((count * 1_920) / 1_024) }, (_, n) => ({
    rendition: 'audio',
    frame: frameAt(n * 1_024, 1_024, true),
  }));
  const seconds = ({ rendition, frame }: (typeof frames)[number]) =>
    frame.startTicks / (rendition === 'audio' ? 48_000 : 90_000);
  return { frames: [...frames, ...audio].sort((one, other) => seconds(one) - seconds(other)) };
}
