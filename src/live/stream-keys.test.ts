import { expect, test } from 'vitest';
import type { LiveStream } from '../database/live-stream-rows.ts';
import { Fault } from '../kernel/errors.ts';
import { silentLog } from '../kernel/log.ts';
import { StreamKeys } from './stream-keys.ts';

const STRANGER = { door: 'channel', address: '203.0.113.7', streamKey: 'wrong' } as const;
const codeOf = (cause: unknown) => Fault.from(cause).code;

/** Keys that are the ids of their streams, and how many were refused. */
function opened() {
  const refused: string[] = [];
  const findByKey = async (key: string) => (key === 'wrong' ? undefined : ({ id: key } as LiveStream));
  const count = (name: string) => void refused.push(name);
  const keys = new StreamKeys({ streams: { findByKey }, settings: { trustedProxies: '' }, count, log: silentLog });
  return { keys, refused };
}

test('a right key is answered while wrong ones of its own network wait, of which no more than some do', async () => {
  const { keys } = opened();
  let told = 0;
  const wrong = Array.from({ length: 10 }, () =>
    keys.open(STRANGER).catch((cause) => {
      told += 1;
      return codeOf(cause);
    }),
  );
  expect(await keys.open({ ...STRANGER, streamKey: 'ls_a' })).toMatchObject({ id: 'ls_a' });
  await Promise.all(wrong.slice(4));
  expect(told).toBe(6);
  expect(await wrong[0]).toBe('STREAM_KEY_REFUSED');
});

test("another stream's key is as wrong as any", async () => {
  const { keys, refused } = opened();
  expect(await keys.open({ ...STRANGER, streamKey: 'ls_b' }, 'ls_a').catch(codeOf)).toBe('STREAM_KEY_REFUSED');
  expect(refused).toEqual(['live_keys_refused']);
  expect(await keys.open({ ...STRANGER, streamKey: 'ls_a' }, 'ls_a')).toMatchObject({ id: 'ls_a' });
});

test('who guessed too often at one door finds all of them shut, and nobody else does', async () => {
  const { keys } = opened();
  for (let guess = 0; guess < 100; guess += 1) {
    void keys.open({ ...STRANGER, door: 'whip' }).catch(() => {});
    // Until it has been looked up; that it is wrong is told later.
    await new Promise(setImmediate);
  }
  expect(await keys.open({ ...STRANGER, streamKey: 'ls_a' }).catch(codeOf)).toBe('LIVE_CLAIMS_LIMITED');
  expect(await keys.open({ ...STRANGER, address: '198.51.100.1', streamKey: 'ls_a' })).toMatchObject({ id: 'ls_a' });
});
