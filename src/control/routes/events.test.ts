import { expect, test, vi } from 'vitest';
import type { FeedListener } from '../asset-feed.ts';
import { follow, type Socket } from './events.ts';

/** A console whose reading is turned on and off by hand. */
function slowConsole(admits = async () => {}) {
  const sent: unknown[] = [];
  const closing: (() => void)[] = [];
  const console = { bufferedAmount: 0, isCut: false };
  const socket: Socket = {
    get bufferedAmount() {
      return console.bufferedAmount;
    },
    send: (text) => sent.push(JSON.parse(text)),
    ping() {},
    terminate() {
      console.isCut = true;
    },
    on: (event, listener) => (event === 'close' ? closing.push(listener) : undefined),
  };
  const listeners = new Set<FeedListener>();
  const feed = {
    subscribe: (listener: FeedListener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  follow(socket, feed, admits);
  const deleted = (assetId: string) => {
    for (const listener of listeners) listener({ type: 'deleted', assetId });
  };
  return { console, sent, deleted, listeners, close: () => closing.forEach((each) => void each()) };
}

test('a console that does not keep up misses changes, and is told once to read the list again', () => {
  const { console, sent, deleted, close } = slowConsole();
  deleted('as_a');
  console.bufferedAmount = 300_000;
  deleted('as_b');
  console.bufferedAmount = 1;
  deleted('as_c');
  expect(sent).toEqual([{ type: 'deleted', assetId: 'as_a' }]);
  console.bufferedAmount = 0;
  deleted('as_d');
  expect(sent.slice(1)).toEqual([{ type: 'resync' }, { type: 'deleted', assetId: 'as_d' }]);
  close();
});

test('a closed console hears nothing more', () => {
  const { deleted, sent, listeners, close } = slowConsole();
  close();
  deleted('as_a');
  expect([sent, listeners.size]).toEqual([[], 0]);
});

test('a console that was signed out hears no more', async () => {
  vi.useFakeTimers();
  let isSignedIn = true;
  const { console, close } = slowConsole(async () => {
    if (!isSignedIn) throw new Error('signed out');
  });
  await vi.advanceTimersByTimeAsync(26_000);
  expect(console.isCut).toBe(false);
  isSignedIn = false;
  await vi.advanceTimersByTimeAsync(26_000);
  expect(console.isCut).toBe(true);
  close();
  vi.useRealTimers();
});
