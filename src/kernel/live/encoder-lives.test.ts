import { expect, test } from 'vitest';
import { EncoderLives } from './encoder-lives.ts';

test('a source is given up when four encoders in a row died of it at once', () => {
  const lives = new EncoderLives();
  const over = (...livedMs: number[]) => livedMs.map((each) => lives.over(each));
  expect(over(100, 100, 100, 100)).toEqual(['again', 'again', 'again', 'give-up']);
  // The next source is judged by itself.
  expect(over(100, 100, 100)).toEqual(['again', 'again', 'again']);
});

test('one that has lived for a while makes up for those that have not', () => {
  const lives = new EncoderLives();
  for (const livedMs of [100, 100, 100, 60_000, 100, 100, 100]) expect(lives.over(livedMs)).toBe('again');
});
