import { afterEach, expect, test } from 'vitest';
import { StagedBroadcast } from '../harness/staged-broadcast.ts';

let stage: StagedBroadcast | undefined;

afterEach(() => stage?.close());

const PICTURE = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30'];
const SOUND = ['-re', '-f', 'lavfi', '-i', 'sine=sample_rate=44100'];
// biome-ignore format: options read in pairs
const BASELINE = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', '0', '-pix_fmt', 'yuv420p', '-b:v', '500k', '-maxrate', '500k', '-bufsize', '250k', '-c:a', 'aac'];
// biome-ignore format: options read in pairs
const PYRAMID = ['-c:v', 'libx264', '-preset', 'superfast', '-bf', '3', '-b_strategy', '0', '-b-pyramid', 'normal', '-sc_threshold', '0', '-pix_fmt', 'yuv420p', '-b:v', '500k', '-maxrate', '500k', '-bufsize', '250k', '-c:a', 'aac'];
// biome-ignore format: options read in pairs
const TOO_MUCH = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', '0', '-pix_fmt', 'yuv420p', '-x264-params', 'nal-hrd=cbr', '-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-bufsize', '1M', '-c:a', 'aac'];

/** Key frames as a broadcaster is asked for, until this second; then as long apart as an encoder sets them by itself. */
const WELL_SECONDS = 9;
const keys = (later: string) => `expr:if(lt(t,${WELL_SECONDS}),gte(t,n_forced*2),${later})`;

/** No part or segment is longer than promised, and a sequence number means the same time in both rungs, to a picture or two. */
function expectPromisesKept(live: StagedBroadcast): void {
  const { targetDurationSeconds, partTargetSeconds } = live.format;
  for (const part of live.parts) expect(live.secondsOf(part)).toBeLessThan(partTargetSeconds + 0.001);
  for (const segment of live.segments) {
    expect(Math.round(live.secondsOf(segment))).toBeLessThanOrEqual(targetDurationSeconds);
  }
  const low = live.segments.filter(({ rendition }) => rendition === '240p');
  for (const segment of live.segments.filter(({ rendition }) => rendition === '360p')) {
    const other = low.find(({ sequence }) => sequence === segment.sequence);
    if (!other) continue;
    expect(other.session).toBe(segment.session);
    // What is encoded is filled up from the first sound on.
    if (other.startTicks === 0) continue;
    expect(Math.abs(other.startTicks - segment.startTicks) / 90_000).toBeLessThan(0.05);
  }
}

test.each([
  ['stops sending key frames', keys('0')],
  ['sends them as scenes change', keys(`gte(t,${WELL_SECONDS}+0.7*(n_forced-4))`)],
])(
  'a source that is passed through and %s is encoded from then on, and no promise is broken',
  async (_, forced) => {
    const live = await StagedBroadcast.open({ passthrough: 'auto', isRegular: true });
    stage = live;
    live.publish([...PICTURE, ...SOUND, ...BASELINE, '-g', '6000', '-force_key_frames', forced]);
    await live.until('the session after', () => live.partsOf(2, '360p').length > 9);
    const copied = live.segments.filter(({ session, rendition }) => session === 1 && rendition === '360p');
    expect(copied.length).toBeGreaterThanOrEqual(4);
    expectPromisesKept(live);
    expect(live.remembered).toEqual([false]);
    // A source of the same stream is not believed again until it has shown better.
    expect(live.copied).toEqual([true, false]);
  },
  60_000,
);

test.each(['flv', 'mpegts'] as const)(
  'what a source has shown in %s is kept, and its next session is a copy',
  async (container) => {
    const live = await StagedBroadcast.open({ passthrough: 'auto' });
    stage = live;
    const regular = [...PICTURE, ...SOUND, ...BASELINE, '-g', '60'];
    const first = live.publish(regular, container);
    await live.until('a rhythm', () => live.remembered.length > 0);
    await first.kill();
    live.publish(regular, container);
    await live.until('the next session', () => live.partsOf(2, '360p').length > 3);
    expect(live.remembered).toEqual([true]);
    expect(live.copied).toEqual([false, true]);
  },
  60_000,
);

const told = (live: StagedBroadcast) => live.healths.some(({ problems }) => problems.includes('passthrough'));

test.each([
  ['as OBS is set for live', 'flv', BASELINE],
  ['with pictures that lean on later ones', 'flv', PYRAMID],
  ['with these, by SRT', 'mpegts', PYRAMID],
] as const)(
  'a source that is promised to be regular and is so, %s, is passed through from its first packet on',
  async (_, container, encoding) => {
    const live = await StagedBroadcast.open({ passthrough: 'always' });
    stage = live;
    live.publish([...PICTURE, ...SOUND, ...encoding, '-g', '60'], container);
    const copied = () => live.segments.filter(({ rendition }) => rendition === '360p');
    await live.until('segments', () => copied().length >= 6);
    expect(copied().every(({ session, isGap }) => session === 1 && !isGap)).toBe(true);
    for (const segment of copied().slice(1)) expect(live.secondsOf(segment)).toBeCloseTo(2, 1);
    expectPromisesKept(live);
    expect(live.copied).toEqual([true]);
    expect(told(live)).toBe(false);
  },
  60_000,
);

test.each([
  ['has its key frames ten seconds apart', 'flv', [...BASELINE, '-g', '300']],
  ['has these by SRT', 'mpegts', [...BASELINE, '-g', '300']],
  ['sends far more than its rung may need', 'flv', [...TOO_MUCH, '-g', '60']],
] as const)(
  'a source that is promised to be regular and %s is encoded after a moment, and that is told',
  async (_, container, encoding) => {
    const live = await StagedBroadcast.open({ passthrough: 'always' });
    stage = live;
    live.publish([...PICTURE, ...SOUND, ...encoding], container);
    await live.until('the news', () => told(live) && live.partsOf(2, '360p').length > 9);
    expectPromisesKept(live);
    expect(live.copied).toEqual([true, false]);
  },
  60_000,
);

test('a transport stream that is joined in the middle, where its sound is far from its picture, is cut like what is encoded', async () => {
  const live = await StagedBroadcast.open({ passthrough: 'always' });
  stage = live;
  live.publish([...PICTURE, ...SOUND, ...PYRAMID, '-g', '60'], 'mpegts');
  const copied = (session: number) =>
    live.segments.filter((segment) => segment.session === session && segment.rendition === '360p');
  for (const session of [1, 2]) {
    // Long enough not to be taken for a source that kills every encoder.
    await live.until('segments', () => copied(session).length > 2);
    process.kill(live.actor.encoderPid ?? 0, 'SIGKILL');
  }
  await live.until('the third session', () => copied(3).length > 1);
  expectPromisesKept(live);
  expect(live.copied).toEqual([true, true, true]);
  expect(told(live)).toBe(false);
}, 60_000);

test('a browser is encoded whatever is promised of it, and that is told', async () => {
  const live = await StagedBroadcast.open({ passthrough: 'always' });
  stage = live;
  live.publish([...PICTURE, ...SOUND, ...BASELINE, '-g', '60'], 'matroska');
  await live.until('the news', () => told(live));
  expect(live.copied).toEqual([false]);
}, 60_000);
