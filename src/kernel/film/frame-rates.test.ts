import { expect, test } from 'vitest';
import { planFrameRate } from './frame-rates.ts';

test.each([
  ['of cinema', 24_000 / 1_001, '24000/1001'],
  ['of cinema, as a camera rounds it', 23.98, '24000/1001'],
  ['of a cinema in whole numbers', 24, '24/1'],
  ['of television in Europe', 25, '25/1'],
  ['of television in America, as a camera rounds it', 29.97, '30000/1001'],
  ['of phones', 30, '30/1'],
  ['that a few pictures made a little high', 30.1, '30/1'],
  ['that a few pictures made a little low', 29.86, '30000/1001'],
  ['of games', 60, '60/1'],
  ['of games, as a clock of milliseconds tells it', 59.88, '60000/1001'],
  ['that is no usual one', 27.4, '30000/1001'],
  ['just too far from a usual one', 30.2, '48/1'],
  ['of a clip of few pictures', 12, '24000/1001'],
  ['of slides', 0.2, '24000/1001'],
  ['of fast screens', 144, '60/1'],
  ['of slow motion', 240, '60/1'],
  ['that a clock was taken for', 1_000, '30/1'],
  ['that nobody says', undefined, '30/1'],
])('a rate %s (%s) is encoded at a usual one', (_name, given, planned) => {
  const { num, den } = planFrameRate(given);
  expect(`${num}/${den}`).toBe(planned);
});
