import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseLadder } from '../../src/kernel/ladder/ladder.ts';
import { planBroadcast } from '../../src/kernel/live/plan-broadcast.ts';
import { sessionRenditions } from '../../src/kernel/live/session-plan.ts';
import type { LivePicture, LiveSource } from '../../src/kernel/live/source.ts';
import { type EncodeOrder, encodeCommand } from '../../src/live/encoder/command.ts';

const ladder = parseLadder(readFileSync(new URL('../../media/ladders/h264.json', import.meta.url), 'utf8'));

const PICTURE: LivePicture = {
  codec: 'h264',
  size: { width: 640, height: 360 },
  pixelShape: { num: 1, den: 1 },
  pixelFormat: 'yuv420p',
  isInterlaced: false,
  framesPerSecond: 30,
};
const SMALL: LivePicture = { ...PICTURE, size: { width: 320, height: 180 } };
const SOUND = { codec: 'aac' };

/** The arguments of the first session of a broadcast of this source, a line for each output and what goes before them. */
function told(source: LiveSource, order: Partial<EncodeOrder> = {}): string {
  const format = planBroadcast(source, ladder, { segmentSeconds: 2 });
  const { args, renditions } = encodeCommand({
    ...{ container: 'flv', source, format, renditions: sessionRenditions(format, source, 0) },
    ...{ usesArrivalTimes: false, maxPixels: 36_000_000, copiesTop: false, ...order },
  });
  const lines = args.join(' ').replaceAll(/ (?=-filter_complex|-i |-map |-force_key_frames|-progress)/g, '\n');
  // The tap and the progress have pipes of their own behind those of the renditions.
  return [...renditions.map((name, index) => `pipe:${index + 3} ${name}`), lines].join('\n');
}

test.each<[string, LiveSource, Partial<EncodeOrder>?]>([
  ['sound alone', { audio: SOUND }],
  ['pictures alone', { video: SMALL }],
  ['four rungs', { video: { ...PICTURE, size: { width: 1280, height: 720 } }, audio: SOUND }],
  ['the top rung as it comes', { video: PICTURE, audio: SOUND }, { copiesTop: true }],
  ['one rung, as it comes', { video: SMALL, audio: SOUND }, { copiesTop: true }],
  ['fields', { video: { ...SMALL, isInterlaced: true }, audio: SOUND }],
  ['fifty pictures a second', { video: { ...SMALL, framesPerSecond: 50 }, audio: SOUND }],
  ['oblong pixels', { video: { ...SMALL, pixelShape: { num: 4, den: 3 } }, audio: SOUND }],
  ['a browser, without a rate', { video: withoutRate(SMALL), audio: { codec: 'opus' } }, { container: 'matroska' }],
  ['a transport stream', { video: SMALL, audio: SOUND }, { container: 'mpegts' }],
  ['a clock that stands still', { video: SMALL, audio: SOUND }, { usesArrivalTimes: true }],
])('an encoder of %s is told this', (_, source, order) => {
  expect(told(source, order)).toMatchSnapshot();
});

function withoutRate({ framesPerSecond: _, ...picture }: LivePicture): LivePicture {
  return picture;
}
