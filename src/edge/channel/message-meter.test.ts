import { expect, test } from 'vitest';
import { MESSAGES, MessageMeter } from './message-meter.ts';

test('counts by the window', () => {
  const meter = new MessageMeter();
  for (let at = 0; at < MESSAGES; at += 1) expect(meter.count(at)).toBe('fine');
  expect(meter.count(9_999)).toBe('much');
  expect(meter.count(10_000)).toBe('fine');
});
