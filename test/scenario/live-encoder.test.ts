import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { LiveSource } from '../../src/kernel/live/source.ts';
import { lookAtSource } from '../../src/live/encoder/look.ts';
import { SessionEncoder } from '../../src/live/encoder/session-encoder.ts';
import { broadcastFormat, rung } from '../harness/broadcast-format.ts';
import { testSource } from '../harness/live.ts';

const run = promisify(execFile);

const RATE = 15;
const FORMAT = broadcastFormat({
  rungs: [rung(180, 'avc1.64000d', 200_000)],
  framesPerSecond: RATE,
  partSeconds: 0.334,
});

const SOURCE: LiveSource = {
  video: {
    codec: 'h264',
    size: { width: 320, height: 180 },
    pixelShape: { num: 1, den: 1 },
    pixelFormat: 'yuv420p',
    isInterlaced: false,
  },
  audio: { codec: 'aac' },
};

test('pictures that come too fast to be encoded are left out, and counted', async () => {
  const source = testSource({ seconds: 3, rate: 2 * RATE }).filter((option) => option !== '-re');
  const flv = await run('ffmpeg', ['-v', 'error', ...source, '-f', 'flv', 'pipe:1'], { encoding: 'buffer' });
  let pictures = 0;
  let dropped = 0;
  const encoder = await SessionEncoder.start(
    {
      container: 'flv',
      source: SOURCE,
      format: FORMAT,
      renditions: ['180p'],
      usesArrivalTimes: false,
      maxPixels: 1e6,
      copiesTop: false,
    },
    {
      init: () => {},
      fragment: (rendition) => {
        if (rendition === '180p') pictures += 1;
      },
      packets: () => {},
      dropped: (frames) => {
        dropped = frames;
      },
    },
  );
  encoder.input.end(flv.stdout);
  expect(await encoder.ended).toBe('');
  // One or two more at either end than half of them.
  expect(Math.abs(dropped - 3 * RATE)).toBeLessThan(4);
  expect(pictures + dropped).toBe(6 * RATE);
});

test('a transport stream is known by its tables and first pictures, and nobody waits for a second of it', async () => {
  const source = testSource({ seconds: 0.6 }).filter((option) => option !== '-re');
  const { stdout } = await run('ffmpeg', ['-v', 'error', ...source, '-f', 'mpegts', 'pipe:1'], { encoding: 'buffer' });
  const look = await lookAtSource('mpegts', 1e6);
  // And no end: what would wait for more of it would wait until it is given up.
  look.input.write(stdout);
  expect(await look.source).toMatchObject({
    video: { codec: 'h264', size: { width: 320, height: 180 }, framesPerSecond: 30 },
    audio: { codec: 'aac' },
  });
});
