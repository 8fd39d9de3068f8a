import { expect, test } from 'vitest';
import { MESSAGES, MessageMeter } from './message-meter.ts';

test('counts by the window, also when the clock was set back meanwhile', () => {
  const meter = new MessageMeter();
  const hourMs = 3_600_000;
  for (let at = 0; at < MESSAGES; at += 1) expect(meter.count(hourMs + at)).toBe('fine');
  expect(meter.count(hourMs + MESSAGES)).toBe('much');
  expect(meter.count(0)).toBe('fine');
  for (let at = 1; at < MESSAGES; at += 1) meter.count(at);
  expect(meter.count(9_999)).toBe('much');
  expect(meter.count(10_000)).toBe('fine');
});
