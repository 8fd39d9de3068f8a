import { expect, test } from 'vitest';
import { LocalSignals } from './signals.ts';

test('a signal wakes everybody who waits on its channel, and nobody else', async () => {
  const signals = new LocalSignals();
  const woken: string[] = [];
  const waits = ['a', 'a', 'b'].map((channel, at) =>
    signals.next(channel, 60_000).then(() => woken.push(`${channel}${at}`)),
  );
  signals.notify('a');
  await Promise.all(waits.slice(0, 2));
  expect(woken).toEqual(['a0', 'a1']);
  signals.notify('b');
  await waits[2];
});

test('a wait ends by itself, and at once when its reader is gone', async () => {
  const signals = new LocalSignals();
  await signals.next('a', 1);
  const gone = new AbortController();
  const wait = signals.next('a', 60_000, gone.signal);
  gone.abort();
  await wait;
  await signals.next('a', 60_000, gone.signal);
});

test('a signal that nobody waits for is not kept', async () => {
  const signals = new LocalSignals();
  signals.notify('a');
  let woken = false;
  const gone = new AbortController();
  const wait = signals.next('a', 60_000, gone.signal).then(() => {
    woken = true;
  });
  await Promise.resolve();
  expect(woken).toBe(false);
  gone.abort();
  await wait;
});
