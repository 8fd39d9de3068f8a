import { beforeEach, expect, test } from 'vitest';
import { Breaker, type Circuit } from './breaker.ts';

const TERMS = { failures: 5, openMs: 1_000, maxOpenMs: 30_000 };

let breaker: Breaker;
let seen: Circuit[];
let nowMs: number;
beforeEach(() => {
  seen = [];
  nowMs = 50_000;
  breaker = new Breaker(TERMS, (circuit) => seen.push(circuit));
});

function request(outcome: 'succeeded' | 'failed', times = 1): void {
  for (let at = 0; at < times; at += 1) breaker[outcome](breaker.enter(nowMs), nowMs);
}

test('five failures in a row open it, four and a success do not', () => {
  request('failed', 4);
  request('succeeded');
  request('failed', 4);
  expect(breaker.admits(nowMs)).toBe(true);
  request('failed');
  expect([breaker.circuit, breaker.admits(nowMs), breaker.waitMs(nowMs)]).toEqual(['open', false, 1_000]);
});

test('half of twenty requests within ten seconds open it, though none failed twice in a row', () => {
  for (let at = 0; at < 9; at += 1) {
    request('succeeded');
    request('failed');
  }
  request('succeeded');
  expect(breaker.circuit).toBe('closed');
  request('failed');
  expect(breaker.circuit).toBe('open');
});

test('failures spread over a longer time do not count together', () => {
  for (let at = 0; at < 40; at += 1) {
    request('succeeded');
    request('failed');
    nowMs += 1_200;
  }
  expect(breaker.circuit).toBe('closed');
});

test('when the time is over one request is let through, and its success closes it', () => {
  request('failed', 5);
  nowMs += 999;
  expect(breaker.admits(nowMs)).toBe(false);
  nowMs += 1;
  const probe = breaker.enter(nowMs);
  expect([breaker.circuit, breaker.admits(nowMs)]).toEqual(['half-open', false]);
  breaker.succeeded(probe, nowMs);
  expect([breaker.circuit, breaker.admits(nowMs)]).toEqual(['closed', true]);
  request('failed', 4);
  expect(breaker.circuit).toBe('closed');
  expect(seen).toEqual(['open', 'half-open', 'closed']);
});

test('each failed probe doubles the time, up to half a minute', () => {
  request('failed', 5);
  const waits = [];
  for (let at = 0; at < 7; at += 1) {
    const waitMs = breaker.waitMs(nowMs);
    waits.push(waitMs);
    nowMs += waitMs;
    request('failed');
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('one that opens soon after it closed goes on with the growth, a steady one begins anew', () => {
  request('failed', 5);
  nowMs += 1_000;
  request('succeeded');
  nowMs += 5_000;
  request('failed', 5);
  expect(breaker.waitMs(nowMs)).toBe(2_000);
  nowMs += 2_000;
  request('succeeded');
  nowMs += 30_000;
  request('failed', 5);
  expect(breaker.waitMs(nowMs)).toBe(1_000);
});

test('a probe whose viewer leaves makes room for another', () => {
  request('failed', 5);
  nowMs += 1_000;
  breaker.dropped(breaker.enter(nowMs));
  expect(breaker.admits(nowMs)).toBe(true);
  request('succeeded');
  expect(breaker.circuit).toBe('closed');
});

test('a probe that takes very long keeps nobody else from finding out', () => {
  request('failed', 5);
  nowMs += 1_000;
  const slow = breaker.enter(nowMs);
  nowMs += 9_999;
  expect(breaker.admits(nowMs)).toBe(false);
  nowMs += 1;
  expect(breaker.admits(nowMs)).toBe(true);
  request('succeeded');
  breaker.failed(slow, nowMs);
  expect(breaker.circuit).toBe('closed');
});

test('what was under way when it opened neither closes it nor lengthens its time', () => {
  const [early, late, dropped] = [breaker.enter(nowMs), breaker.enter(nowMs), breaker.enter(nowMs)];
  request('failed', 5);
  breaker.succeeded(early, nowMs);
  breaker.failed(late, nowMs);
  expect([breaker.circuit, breaker.waitMs(nowMs)]).toEqual(['open', 1_000]);
  nowMs += 1_000;
  breaker.enter(nowMs);
  breaker.dropped(dropped);
  expect(breaker.admits(nowMs)).toBe(false);
});

test('with 0 failures it never opens', () => {
  breaker = new Breaker({ ...TERMS, failures: 0 });
  request('failed', 100);
  expect(breaker.admits(nowMs)).toBe(true);
});

test('one that may be held finds out as well, and keeps nobody from it meanwhile', () => {
  const breaker = new Breaker({ ...TERMS, failures: 1, openMs: 100 });
  breaker.failed(breaker.enter(0), 0);
  const held = breaker.enter(100, true);
  expect([breaker.circuit, breaker.admits(101)]).toEqual(['half-open', true]);
  breaker.succeeded(held, 5_000);
  expect(breaker.circuit).toBe('closed');
  breaker.failed(breaker.enter(6_000), 6_000);
  breaker.failed(breaker.enter(7_000, true), 7_000);
  expect([breaker.circuit, breaker.admits(7_001)]).toEqual(['open', false]);
});
