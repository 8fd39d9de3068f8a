import { expect, test } from 'vitest';
import { accessLine, type ExchangeFact, FactViews } from './facts.ts';

const FACT: ExchangeFact = {
  id: 'edge-1-a',
  receivedAtMs: Date.parse('2026-06-01T12:00:00.007Z'),
  ip: '203.0.113.9',
  httpVersion: '1.1',
  method: 'GET',
  path: '/assets/as_abcdefghjkmnpqrs/master.m3u8',
  status: 200,
  verdict: 'hit',
  reason: 'fresh',
  bytesSent: 120,
  durationMs: 0.0514,
  firstByteMs: 0.0401,
};

test('an access line is one JSON object with times in whole microseconds', () => {
  expect(JSON.parse(accessLine(FACT))).toEqual({
    time: '2026-06-01T12:00:00.007Z',
    id: 'edge-1-a',
    ip: '203.0.113.9',
    http: '1.1',
    method: 'GET',
    path: '/assets/as_abcdefghjkmnpqrs/master.m3u8',
    status: 200,
    verdict: 'hit',
    reason: 'fresh',
    bytes: 120,
    durationUs: 51,
    firstByteUs: 40,
  });
});

test('the origin that gave the answer is named', () => {
  expect(JSON.parse(accessLine({ ...FACT, origin: '[::1]:8080' })).origin).toBe('[::1]:8080');
});

test('an answer that may have been held back is marked, and its time counts for nothing', () => {
  expect(JSON.parse(accessLine({ ...FACT, held: true })).held).toBe(true);
  const observed: number[] = [];
  const series = { counter: () => () => {}, histogram: () => (value: number) => void observed.push(value) };
  const views = new FactViews(series, undefined);
  views.record({ ...FACT, held: true });
  expect(observed).toEqual([]);
  views.record(FACT);
  expect(observed).toHaveLength(1);
});

test('what is unknown is left out, and a fault is named', () => {
  const { firstByteMs: _none, ...rest } = FACT;
  const line = JSON.parse(accessLine({ ...rest, firstByteMs: undefined, faultCode: 'NOT_FOUND' }));
  expect(line).not.toHaveProperty('firstByteUs');
  expect(line).not.toHaveProperty('origin');
  expect(line.fault).toBe('NOT_FOUND');
});

test.each(['/a"b', '/a\\b', '/a\nb', '/a\u0000b', '/\u00ff', '/\u2028', '/%22', '/}{'])(
  'a path cannot break out of its line: %j',
  (path) => {
    const line = accessLine({ ...FACT, path });
    expect(line).not.toContain('\n');
    expect(JSON.parse(line).path).toBe(path);
  },
);

test('the time is right on both sides of a second', () => {
  for (const receivedAtMs of [999, 1_000, 59_999, 60_000, 999]) {
    const { time } = JSON.parse(accessLine({ ...FACT, receivedAtMs }));
    expect(time).toBe(new Date(receivedAtMs).toISOString());
  }
});
