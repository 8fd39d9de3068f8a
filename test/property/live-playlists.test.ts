import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { type BroadcastFormat, renditionsOf } from '../../src/kernel/live/broadcast.ts';
import { writeLivePlaylist } from '../../src/kernel/live/live-playlist.ts';
import { type RenditionCut, SessionCutter } from '../../src/kernel/live/session-cutter.ts';
import { RenditionTimeline } from '../../src/kernel/live/timeline.ts';
import { framesOfMood, LIVE_FORMAT, moodySessions } from '../harness/live-frames.ts';
import { checkSuccession, readStrict, type StrictPlaylist } from '../harness/strict-playlist.ts';

/** One rendition of a broadcast, followed by a client that reloads after every change. */
class Followed {
  readonly timeline: RenditionTimeline;
  readonly #format: BroadcastFormat;
  reloads = 0;
  #last: StrictPlaylist | undefined;

  constructor(timescale: number, format: BroadcastFormat) {
    const { targetDurationSeconds, dvrSeconds } = format;
    this.timeline = new RenditionTimeline({ timescale, targetDurationSeconds, windowSeconds: dvrSeconds });
    this.#format = format;
  }

  take(cut: RenditionCut): void {
    if (cut.kind === 'segment') this.timeline.addSegment(cut.startTicks, cut.durationTicks, cut.isGap);
    else {
      const isIndependent = cut.kind === 'part' && cut.isIndependent;
      const part = { durationTicks: cut.durationTicks, isIndependent, isGap: cut.kind === 'missing' };
      this.timeline.addPart(cut.startTicks, part);
    }
  }

  /** Reloads in full and as a delta, which must come to the same. */
  reload(): StrictPlaylist {
    const full = readStrict(this.#write(false));
    if (this.#last) {
      checkSuccession(this.#last, full);
      const merged = readStrict(this.#write(true), this.#last);
      // Of what is a gap nothing is loaded: whatever map stands before it is of no account.
      const bare = (all: StrictPlaylist['segments'], skipped: number) =>
        all
          .map((segment) => (segment.isGap ? { ...segment, map: undefined } : segment))
          .map((segment, index) => (index < skipped ? { ...segment, parts: [] } : segment));
      expect(bare(merged.segments, merged.skipped)).toEqual(bare(full.segments, merged.skipped));
      expect(merged.open).toEqual(full.open);
    }
    this.#last = full;
    this.reloads += 1;
    return full;
  }

  #write(isDelta: boolean): string {
    const { timeline } = this;
    const { targetDurationSeconds, partTargetSeconds, dvrSeconds } = this.#format;
    const header = { targetDurationSeconds, partTargetSeconds, isWhole: dvrSeconds === undefined };
    const { segments, open, nextSequence, discontinuitySequence, isEnded, hint } = timeline;
    const { timescale } = timeline.rules;
    const rest = { header, timescale, reports: [], dateRanges: [], hasInit: () => true };
    const hintSession = timeline.session?.number;
    return writeLivePlaylist(
      { ...rest, segments, open, nextSequence, discontinuitySequence, isEnded, hint, hintSession },
      isDelta,
    );
  }
}

const formats = fc
  .constantFrom(undefined, 0, 14)
  .map((dvrSeconds): BroadcastFormat => (dvrSeconds === undefined ? LIVE_FORMAT : { ...LIVE_FORMAT, dvrSeconds }));

test('whatever the frames, no reload of any rendition breaks a rule', () => {
  let reloads = 0;
  fc.assert(
    fc.property(moodySessions, formats, (sessions, format) => {
      const followed = new Map(renditionsOf(format).map((each) => [each.name, new Followed(each.timescale, format)]));
      const all = [...followed.values()];
      for (const [index, { mood, present }] of sessions.entries()) {
        const cutter = new SessionCutter(format, present);
        for (const { timeline } of all) timeline.enter({ number: index + 1, beganAtMs: 1_000_000 * index });
        const publish = (cuts: readonly RenditionCut[]) => {
          for (const cut of cuts) followed.get(cut.rendition)?.take(cut);
          for (const name of new Set(cuts.map(({ rendition }) => rendition))) followed.get(name)?.reload();
        };
        for (const { rendition, frame } of framesOfMood(mood)) publish(cutter.take(rendition, [frame]));
        publish(cutter.close());
      }
      for (const { timeline } of all) timeline.end();
      const lasts = all.map((each) => each.reload());
      reloads += all.reduce((sum, each) => sum + each.reloads, 0);
      expect(new Set(lasts.map((last) => last.segments.at(-1)?.sequence)).size).toBe(1);
      for (const last of lasts) expect(last.isEnded).toBe(true);
    }),
    { numRuns: 40 },
  );
  expect(reloads).toBeGreaterThan(1_000);
});

test('sound that began a segment after the picture ends it no later than the picture may', () => {
  const mood = { frames: 652, keyEvery: 49, videoStalls: [{ at: 600, frames: 52 }], audioStalls: [], keyless: [] };
  const cutter = new SessionCutter(LIVE_FORMAT, ['360p', '720p', 'audio']);
  const frames = framesOfMood({ ...mood, jitter: [0], audioLead: 0.0347 });
  const cuts = [...frames.flatMap(({ rendition, frame }) => cutter.take(rendition, [frame])), ...cutter.close()];
  for (const { kind, rendition, durationTicks } of cuts)
    if (kind === 'segment') expect(durationTicks / (rendition === 'audio' ? 48_000 : 90_000)).toBeLessThan(2.5);
});

test('sound goes on where the picture stops at the very end of a segment', () => {
  const mood = { frames: 512, keyEvery: 12, videoStalls: [{ at: 200, frames: 311 }], audioStalls: [], keyless: [] };
  const cutter = new SessionCutter(LIVE_FORMAT, ['360p', '720p', 'audio']);
  let newest = 0;
  for (const { rendition, frame } of framesOfMood({ ...mood, jitter: [0], audioLead: 0 })) {
    const cuts = cutter.take(rendition, [frame]);
    if (rendition !== 'audio') continue;
    for (const cut of cuts) if (cut.rendition === 'audio') newest = (cut.startTicks + cut.durationTicks) / 48_000;
    expect(frame.startTicks / 48_000 - newest).toBeLessThan(5);
  }
});

test('an independent parser reads what is listed', () => {
  const cutter = new SessionCutter(LIVE_FORMAT, ['360p', '720p', 'audio']);
  const followed = new Followed(90_000, LIVE_FORMAT);
  followed.timeline.enter({ number: 1, beganAtMs: 0 });
  const mood = { frames: 400, keyEvery: 50, videoStalls: [], audioStalls: [], keyless: [], jitter: [0], audioLead: 0 };
  for (const { rendition, frame } of framesOfMood(mood)) {
    const cuts = cutter.take(rendition, [frame]);
    for (const cut of cuts) if (cut.rendition === '360p') followed.take(cut);
  }
  const strict = followed.reload();
  const parsed = parsePlaylist(strict.text);
  if (parsed?.kind !== 'media') throw new Error('no media playlist');
  expect(parsed).toMatchObject({ targetDurationSeconds: 2, mediaSequence: 0, ended: false, initUri: '1/init.mp4' });
  const complete = parsed.segments.filter(({ uri }) => uri !== undefined);
  expect(complete.map(({ uri, durationSeconds }) => [uri, durationSeconds])).toEqual(
    strict.segments.map(({ uri, duration }) => [uri, duration]),
  );
});
