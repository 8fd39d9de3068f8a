import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Fault } from '../errors.ts';
import { parseLadder, withLoudness } from './ladder.ts';

const LADDERS = new URL('../../../media/ladders/', import.meta.url);

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
  const { codec: _, ...audio } = GOOD.audio;
  const rungs = GOOD.rungs.map((rung) => ({ ...rung, codec: 'h264', preset: 'veryfast' }));
  expect(parseLadder(JSON.stringify(GOOD))).toEqual({ name: 'h264', rungs, audio });
});

test('a ladder may bring sound to a loudness, and a wish for another comes before it', () => {
  const loud = parseLadder(JSON.stringify({ ...GOOD, audio: { ...GOOD.audio, loudnessLufs: -23 } }));
  expect(loud.audio.loudnessLufs).toBe(-23);
  expect(withLoudness(loud, -16).audio.loudnessLufs).toBe(-16);
  expect(withLoudness(loud, undefined)).toEqual(parseLadder(JSON.stringify(GOOD)));
});

test("a rung may be of a codec of its own, on that encoder's scales", () => {
  const rungs = [...GOOD.rungs, { height: 360, codec: 'av1', preset: 10, crf: 60, maxrateBps: 400_000 }];
  const [, , av1] = parseLadder(JSON.stringify({ ...GOOD, rungs })).rungs;
  expect(av1).toEqual({ height: 360, codec: 'av1', preset: '10', crf: 60, maxrateBps: 400_000 });
});

test.each(readdirSync(LADDERS))('the ladder %s that comes along is usable, and named like its file', (file) => {
  const ladder = parseLadder(readFileSync(new URL(file, LADDERS), 'utf8'));
  expect(`${ladder.name}.json`).toBe(file);
});

const LATER = { height: 720, crf: 24, maxrateBps: 1e6 };

const wrong: [string, unknown][] = [
  ['no object', []],
  ['another codec', { ...GOOD, codec: 'vp9' }],
  ['a preset that is an option in disguise', { ...GOOD, preset: 'fast -y' }],
  ['a preset of another encoder', { ...GOOD, codec: 'av1' }],
  ['another codec in a rung without its preset', { ...GOOD, rungs: [...GOOD.rungs, { ...LATER, codec: 'av1' }] }],
  ['a rate factor beyond the scale', { ...GOOD, rungs: [{ ...LATER, crf: 52 }] }],
  ['no rungs', { ...GOOD, rungs: [] }],
  ['an odd height', { ...GOOD, rungs: [{ height: 241, crf: 25, maxrateBps: 400_000 }] }],
  ['rungs out of order', { ...GOOD, rungs: [...GOOD.rungs].reverse() }],
  ['a rate as text', { ...GOOD, rungs: [{ height: 240, crf: 25, maxrateBps: '400k' }] }],
  ['sound louder than full scale', { ...GOOD, audio: { ...GOOD.audio, loudnessLufs: 1 } }],
  ['more channels than players expect', { ...GOOD, audio: { ...GOOD.audio, channels: 8 } }],
  ['a number of channels that is no layout', { ...GOOD, audio: { ...GOOD.audio, channels: 3 } }],
];

test.each(wrong)('%s is refused with LADDER_INVALID', (_name, file) => {
  expect(() => parseLadder(JSON.stringify(file))).toThrow(expect.objectContaining({ code: 'LADDER_INVALID' }));
});

test('text that is not JSON is refused with LADDER_INVALID', () => {
  expect(() => parseLadder('{')).toThrow(Fault);
});
