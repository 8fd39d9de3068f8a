import { expect, test } from 'vitest';
import { EventRing, RING_LIMITS } from '../../kernel/live/event-ring.ts';
import { ViewerQueue } from './viewer-queue.ts';

const LIMITS = { mediaBytes: 100, mediaMs: 3_000, eventBytes: 20 };

function queueTo(taken: string[]) {
  const outlet = { isFull: false, write: (bytes: Buffer) => void taken.push(bytes.toString()) };
  return { outlet, queue: new ViewerQueue(outlet, LIMITS) };
}

test('there is room for all events that are kept, whatever they are written in', () => {
  const outlet = { isFull: true, write: () => {} };
  const queue = new ViewerQueue(outlet);
  const ring = new EventRing(RING_LIMITS);
  for (let at = 0; at < 1_000; at += 1) ring.push('字'.repeat(4_000));
  expect(ring.after(0).length).toBeGreaterThan(10);
  for (const event of [...ring.after(0), 'hello']) expect(queue.pushEvent(Buffer.from(event))).toBe(true);
});

const frame = (name: string, bytes = name.length) => Buffer.from(name.padEnd(bytes));

test('what the outlet takes waits for nothing', () => {
  const taken: string[] = [];
  const { queue } = queueTo(taken);
  queue.pushMedia(frame('m'), 0);
  queue.pushEvent(frame('e'));
  expect(taken).toEqual(['m', 'e']);
  expect(queue.isEmpty).toBe(true);
});

test('what waits goes out in its order, before what comes later', () => {
  const taken: string[] = [];
  const { queue, outlet } = queueTo(taken);
  outlet.isFull = true;
  queue.pushMedia(frame('1'), 0);
  queue.pushEvent(frame('2'));
  outlet.isFull = false;
  queue.pushMedia(frame('3'), 0);
  queue.drain();
  expect(taken).toEqual(['1', '2', '3']);
  expect(queue.bytes).toBe(0);
});

test('media is bounded by bytes and by how long it waits, events by bytes alone', () => {
  const { queue, outlet } = queueTo([]);
  outlet.isFull = true;
  expect(queue.pushMedia(frame('a', 60), 0)).toBe(true);
  expect(queue.pushMedia(frame('b', 60), 0)).toBe(false);
  expect(queue.pushMedia(frame('c', 10), 3_001)).toBe(false);
  expect(queue.pushEvent(frame('d', 15))).toBe(true);
  expect(queue.pushEvent(frame('e', 15))).toBe(false);
});

test('dropped media makes room, and leaves the events where they were', () => {
  const taken: string[] = [];
  const { queue, outlet } = queueTo(taken);
  outlet.isFull = true;
  queue.pushEvent(frame('1'));
  queue.pushMedia(frame('m', 90), 0);
  queue.pushEvent(frame('2'));
  expect(queue.dropMedia()).toBe(1);
  expect(queue.pushMedia(frame('n', 90), 9_000)).toBe(true);
  outlet.isFull = false;
  queue.drain();
  expect(taken.map((each) => each.trim())).toEqual(['1', '2', 'n']);
});
