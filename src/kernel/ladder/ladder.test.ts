import { expect, test } from 'vitest';
import { Fault } from '../errors.ts';
import { parseLadder } from './ladder.ts';

const GOOD = {
  name: 'h264',
  codec: 'h264',
  preset: 'veryfast',
  rungs: [
    { height: 240, crf: 25, maxrateBps: 400_000 },
    { height: 360, crf: 24, maxrateBps: 800_000 },
  ],
  audio: { codec: 'aac', bitrateBps: 128_000, sampleRate: 48_000, channels: 2 },
};

test('a ladder file is read as it stands', () => {
  const { codec: _, ...ladder } = GOOD;
  const { codec: __, ...audio } = GOOD.audio;
  expect(parseLadder(JSON.stringify(GOOD))).toEqual({ ...ladder, audio });
});

const wrong: [string, unknown][] = [
  ['no object', []],
  ['another codec', { ...GOOD, codec: 'vp9' }],
  ['a preset that is an option in disguise', { ...GOOD, preset: 'fast -y' }],
  ['no rungs', { ...GOOD, rungs: [] }],
  ['an odd height', { ...GOOD, rungs: [{ height: 241, crf: 25, maxrateBps: 400_000 }] }],
  ['rungs out of order', { ...GOOD, rungs: [...GOOD.rungs].reverse() }],
  ['a rate as text', { ...GOOD, rungs: [{ height: 240, crf: 25, maxrateBps: '400k' }] }],
  ['more channels than players expect', { ...GOOD, audio: { ...GOOD.audio, channels: 8 } }],
  ['a number of channels that is no layout', { ...GOOD, audio: { ...GOOD.audio, channels: 3 } }],
];

test.each(wrong)('%s is refused with LADDER_INVALID', (_name, file) => {
  expect(() => parseLadder(JSON.stringify(file))).toThrow(expect.objectContaining({ code: 'LADDER_INVALID' }));
});

test('text that is not JSON is refused with LADDER_INVALID', () => {
  expect(() => parseLadder('{')).toThrow(Fault);
});
