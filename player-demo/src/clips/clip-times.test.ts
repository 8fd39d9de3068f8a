import { expect, test } from 'vitest';
import { firstSpan, formatMoment, moveIn, moveOut, parseMoment } from './clip-times.ts';

test('a moment is read as it is written', () => {
  for (const seconds of [0, 5.5, 62.5, 3_725.1]) expect(parseMoment(formatMoment(seconds))).toBe(seconds);
  expect([62.46, 3_600].map(formatMoment)).toEqual(['1:02.5', '1:00:00.0']);
  expect(['62,5', ' 1:02 ', '1:00:01', 'soon', '1:', '', '-3'].map(parseMoment)).toEqual([
    62.5,
    62,
    3_601,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('a clip begins where one is, and is moved without turning over or leaving the film', () => {
  expect(firstSpan(10, 100)).toEqual({ inSeconds: 10, outSeconds: 40 });
  expect(firstSpan(95, 100)).toEqual({ inSeconds: 70, outSeconds: 100 });
  expect(firstSpan(3, 12)).toEqual({ inSeconds: 0, outSeconds: 12 });
  const span = { inSeconds: 10, outSeconds: 40 };
  expect(moveIn(span, 50, 100)).toEqual({ inSeconds: 50, outSeconds: 50.5 });
  expect(moveIn(span, 200, 100)).toEqual({ inSeconds: 99.5, outSeconds: 100 });
  expect(moveOut(span, 5, 100)).toEqual({ inSeconds: 4.5, outSeconds: 5 });
  expect(moveOut(span, 500, 100)).toEqual({ inSeconds: 10, outSeconds: 100 });
});
