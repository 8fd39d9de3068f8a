import { expect, test } from 'vitest';
import { TakeoverLocker } from './takeover-locker.ts';

const never = new AbortController().signal;

test('a newcomer asks the holder to stop and gets the lock once it has', async () => {
  const locker = new TakeoverLocker(60_000);
  const first = locker.newLock('a');
  const second = locker.newLock('a');
  await first.lock(never, () => first.unlock());
  await second.lock(never, () => {});
  await second.unlock();
});

test('a holder that does not stop leaves the newcomer with 423', async () => {
  const locker = new TakeoverLocker(10);
  await locker.newLock('a').lock(never, () => {});
  const refused = locker.newLock('a').lock(never, () => {});
  await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'UPLOAD_LOCKED' }));
});

test('uploads do not wait for one another', async () => {
  const locker = new TakeoverLocker(10);
  await locker.newLock('a').lock(never, () => {});
  await locker.newLock('b').lock(never, () => {});
});

test('of many newcomers one at a time holds the lock', async () => {
  const locker = new TakeoverLocker(60_000);
  let holders = 0;
  const work = async () => {
    const lock = locker.newLock('a');
    await lock.lock(never, () => {});
    holders += 1;
    expect(holders).toBe(1);
    await Promise.resolve();
    holders -= 1;
    await lock.unlock();
  };
  await Promise.all(Array.from({ length: 20 }, work));
});
