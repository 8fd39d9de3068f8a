import { afterEach, expect, test } from 'vitest';
import { testSource } from '../harness/live.ts';
import { StagedBroadcast } from '../harness/staged-broadcast.ts';

let stage: StagedBroadcast | undefined;

afterEach(() => stage?.close());

/** Fills the pipe of whoever does not read it in a few seconds. */
const NOISE = ['-re', '-f', 'lavfi', '-i', 'anoisesrc=sample_rate=48000', '-c:a', 'aac', '-b:a', '320k'];

test.each([
  ['of pictures', testSource()],
  ['of sound alone, which has no rung to give up,', NOISE],
])(
  'an encoder %s that hangs is replaced by one like it',
  async (_, source) => {
    const live = await StagedBroadcast.open();
    stage = live;
    live.publish(source);
    await live.until('the first part', () => live.parts.at(-1));
    process.kill(live.actor.encoderPid ?? 0, 'SIGSTOP');
    await live.until('the next session', () => live.parts.find(({ session }) => session === 2));
    const renditionsOf = (number: number) =>
      [...new Set(live.parts.filter(({ session }) => session === number).map(({ rendition }) => rendition))].sort();
    await live.until('all of it', () => renditionsOf(2).length === renditionsOf(1).length);
    expect(live.actor.droppedRungs).toBe(0);
  },
  90_000,
);
