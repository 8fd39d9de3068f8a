import { afterEach, expect, test } from 'vitest';
import { StagedBroadcast } from '../harness/staged-broadcast.ts';

let stage: StagedBroadcast | undefined;

afterEach(() => stage?.close());

const PICTURE = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30'];
const SOUND = ['-re', '-f', 'lavfi', '-i', 'sine=sample_rate=44100'];
// biome-ignore format: options read in pairs
const BASELINE = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', '0', '-pix_fmt', 'yuv420p', '-b:v', '500k', '-maxrate', '500k', '-bufsize', '250k', '-c:a', 'aac'];

/** Key frames as a broadcaster is asked for, until this second; then as long apart as an encoder sets them by itself. */
const WELL_SECONDS = 9;
const keys = (later: string) => `expr:if(lt(t,${WELL_SECONDS}),gte(t,n_forced*2),${later})`;

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
    const { targetDurationSeconds, partTargetSeconds } = live.format;
    for (const part of live.parts) expect(live.secondsOf(part)).toBeLessThan(partTargetSeconds + 0.001);
    for (const segment of live.segments) {
      expect(Math.round(live.secondsOf(segment))).toBeLessThanOrEqual(targetDurationSeconds);
    }
    expect(live.remembered).toEqual([false]);
    // A source of the same stream is not believed again until it has shown better.
    expect(live.copied).toEqual([true, false]);
  },
  60_000,
);

test('what a source has shown is kept, and its next session is a copy', async () => {
  const live = await StagedBroadcast.open({ passthrough: 'auto' });
  stage = live;
  const regular = [...PICTURE, ...SOUND, ...BASELINE, '-g', '60'];
  const first = live.publish(regular);
  await live.until('a rhythm', () => live.remembered.length > 0);
  await first.kill();
  live.publish(regular);
  await live.until('the next session', () => live.partsOf(2, '360p').length > 3);
  expect(live.remembered).toEqual([true]);
  expect(live.copied).toEqual([false, true]);
}, 60_000);
