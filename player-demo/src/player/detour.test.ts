import { describe, expect, test } from 'vitest';
import { Detours, hasty, patient } from './detour.ts';

const RETRY = { maxNumRetry: 6, retryDelayMs: 1_000, maxRetryDelayMs: 8_000 };
const POLICY = { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 20_000, errorRetry: RETRY, timeoutRetry: RETRY };

describe('a detour', () => {
  test('leads to another edge, and back no sooner than hls.js would go', () => {
    let ms = 0;
    const detours = new Detours(() => ms);
    const at = (pathway: string) => ({ pathways: ['a', 'b'], pathway });
    expect(detours.take(at('a'))).toBe(true);
    expect(detours.take(at('b'))).toBe(false);
    ms = 300_001;
    expect(detours.take(at('b'))).toBe(true);
  });

  test('is none where there is one edge, or none known yet', () => {
    const detours = new Detours();
    expect(detours.take({ pathways: ['.'], pathway: '.' })).toBe(false);
    expect(detours.take({ pathways: [], pathway: undefined })).toBe(false);
  });
});

describe('a segment that fails', () => {
  const ask = (detour: boolean, count: number, code: number, retry = true) =>
    patient(POLICY, () => detour).errorRetry?.shouldRetry?.(RETRY, count, false, { code, url: '' }, retry);

  test.each([
    ['is repeated where there is nowhere else', false, 5, 502, true, true],
    ['is repeated once where there is', true, 0, 502, true, true],
    ['is then left to another edge', true, 1, 502, true, false],
    ['is asked for again while it is being encoded, wherever', true, 50, 503, false, true],
    ['is not repeated when that makes no sense', false, 0, 404, false, false],
  ])('%s', (_, detour, count, code, retry, expected) => {
    expect(ask(detour, count, code, retry)).toBe(expected);
  });

  test('because the edge is gone is noted, so that the next failure does not lead back there', () => {
    let asked = 0;
    const gone = patient(POLICY, () => {
      asked += 1;
      return true;
    });
    expect(gone.errorRetry?.shouldRetry?.(RETRY, 0, false, { code: 0, url: '' }, false)).toBe(false);
    expect(asked).toBe(1);
  });

  test('by silence is left to another edge at once', () => {
    const retry = patient(POLICY, () => true).timeoutRetry?.shouldRetry;
    expect(retry?.(RETRY, 0, true, undefined, true)).toBe(false);
  });
});

test('a playlist that fails is left to another edge at once', () => {
  expect(hasty(POLICY, () => true).errorRetry?.shouldRetry?.(RETRY, 0, false, undefined, true)).toBe(false);
  expect(hasty(POLICY, () => false).errorRetry?.shouldRetry?.(RETRY, 0, false, undefined, true)).toBe(true);
});
