import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Waiters } from './waiters.ts';

const PATIENCE_MS = 6_000;
const NEVER = () => false;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('there are as many who wait as may, and room for one more when one leaves', async () => {
  const waiters = new Waiters(2, PATIENCE_MS);
  const departure = new AbortController();
  const inside = [waiters.wait(NEVER, departure.signal), waiters.wait(NEVER)];
  expect(await waiters.wait(NEVER)).toBe('full');
  expect(await waiters.wait(() => true)).toBe('there');
  departure.abort();
  expect(await inside[0]).toBe('gone');
  expect(waiters.size).toBe(1);
  inside.push(waiters.wait(NEVER));
  expect(await waiters.wait(NEVER)).toBe('full');
  waiters.stop();
  expect(await Promise.all(inside)).toEqual(['gone', 'late', 'late']);
  expect(waiters.size).toBe(0);
});

test('news answer those that they are for, and patience ends for the others', async () => {
  const waiters = new Waiters(10, PATIENCE_MS);
  let newest = 0;
  const [soon, later] = [waiters.wait(() => newest >= 1), waiters.wait(() => newest >= 2)];
  newest = 1;
  waiters.wake();
  expect(await soon).toBe('there');
  await vi.advanceTimersByTimeAsync(PATIENCE_MS - 100);
  expect(waiters.size).toBe(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(await later).toBe('late');
});

test('nobody who waits leaves nothing that keeps the process', async () => {
  const waiters = new Waiters(10, PATIENCE_MS);
  void waiters.wait(NEVER);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(PATIENCE_MS + 200);
  expect(vi.getTimerCount()).toBe(0);
  void waiters.wait(NEVER);
  waiters.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('who has left before he is heard does not wait', async () => {
  const waiters = new Waiters(10, PATIENCE_MS);
  expect(await waiters.wait(NEVER, AbortSignal.abort())).toBe('gone');
  expect(waiters.size).toBe(0);
});
