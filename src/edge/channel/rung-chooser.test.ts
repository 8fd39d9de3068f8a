import { expect, test } from 'vitest';
import { RungChooser } from './rung-chooser.ts';

test('it begins in the middle, and with what there is', () => {
  expect([1, 2, 3, 4, 5].map((count) => new RungChooser(count).rung)).toEqual([0, 0, 1, 1, 2]);
  expect(new RungChooser(0).rung).toBe(0);
});

test('one overflow is a hiccup, a second soon after it is a rung too many', () => {
  const chooser = new RungChooser(5);
  expect(chooser.overflowed(0)).toBe(false);
  expect(chooser.overflowed(20_000)).toBe(false);
  expect(chooser.overflowed(25_000)).toBe(true);
  expect(chooser.rung).toBe(1);
});

test('it does not go below the lowest or above the highest', () => {
  const chooser = new RungChooser(1);
  for (let at = 0; at < 10; at += 1) expect(chooser.overflowed(at)).toBe(false);
  for (let at = 0; at < 100; at += 1) expect(chooser.sent(true, at * 1_000)).toBe(false);
});

test('it goes up when the queue has been empty for long, without a break', () => {
  const chooser = new RungChooser(3);
  for (let ms = 0; ms < 14_000; ms += 500) expect(chooser.sent(true, ms)).toBe(false);
  expect(chooser.sent(false, 14_000)).toBe(false);
  expect(chooser.sent(true, 15_000)).toBe(false);
  expect(chooser.sent(true, 29_000)).toBe(false);
  expect(chooser.sent(true, 30_000)).toBe(true);
  expect(chooser.rung).toBe(2);
});

test('a try that fails is given up at once, and the next one waits twice as long', () => {
  const chooser = new RungChooser(2);
  chooser.sent(true, 0);
  expect(chooser.sent(true, 15_000)).toBe(true);
  expect(chooser.overflowed(16_000)).toBe(true);
  chooser.sent(true, 17_000);
  expect(chooser.sent(true, 33_000)).toBe(false);
  expect(chooser.sent(true, 47_000)).toBe(true);
});
