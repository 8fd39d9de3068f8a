import { expect, test } from 'vitest';
import { EncoderLives } from './encoder-lives.ts';

const died = (livedMs: number, publisher = 1) => ({ publisher, livedMs, isAborted: false });
const aborted = (livedMs: number, publisher = 1) => ({ publisher, livedMs, isAborted: true });

test('a publisher is given up when four encoders in a row died of it at once', () => {
  const lives = new EncoderLives();
  const over = (publisher: number, count: number) =>
    Array.from({ length: count }, () => lives.over(died(100, publisher)));
  expect(over(1, 4)).toEqual(['again', 'again', 'again', 'give-up']);
  // The next one is judged by itself.
  expect(over(2, 3)).toEqual(['again', 'again', 'again']);
  expect(over(3, 4)).toEqual(['again', 'again', 'again', 'give-up']);
});

test('one that has lived for a while makes up for those that have not', () => {
  const lives = new EncoderLives();
  for (const livedMs of [100, 100, 100, 60_000, 100, 100, 100]) expect(lives.over(died(livedMs))).toBe('again');
});

test('those that were ended on purpose are held against nobody, and make up for nothing', () => {
  const lives = new EncoderLives();
  for (let at = 0; at < 20; at += 1) expect(lives.over(aborted(100))).toBe('again');
  for (const life of [died(100), aborted(60_000), died(100), aborted(100), died(100)])
    expect(lives.over(life)).toBe('again');
  expect(lives.over(died(100))).toBe('give-up');
});
