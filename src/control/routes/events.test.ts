import { expect, test } from 'vitest';
import type { FeedListener } from '../asset-feed.ts';
import { follow, type Socket } from './events.ts';

/** A console whose reading is turned on and off by hand. */
function slowConsole() {
  const sent: unknown[] = [];
  const closing: (() => void)[] = [];
  const console = { bufferedAmount: 0 };
  const socket: Socket = {
    get bufferedAmount() {
      return console.bufferedAmount;
    },
    send: (text) => sent.push(JSON.parse(text)),
    ping() {},
    terminate() {},
    on: (event, listener) => (event === 'close' ? closing.push(listener) : undefined),
  };
  const listeners = new Set<FeedListener>();
  follow(socket, {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
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
