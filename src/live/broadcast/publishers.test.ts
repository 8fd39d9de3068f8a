import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { silentLog } from '../../kernel/log.ts';
import type { Publisher } from '../seams.ts';
import type { BroadcastDeps } from './deps.ts';
import { Publishers } from './publishers.ts';

test('whoever came by a newer key than the database told of stays, and who came before by another one goes', async () => {
  let id = 0;
  const settings = { sourceMaxPixels: 1_000_000 };
  const deps = { nextId: () => ++id, clock: systemClock, settings } as unknown as BroadcastDeps;
  const publishers = new Publishers(deps, silentLog, () => {});
  const join = (keyHash: string) => {
    const close = vi.fn();
    publishers.reserve();
    publishers.join(
      {
        door: 'rtmp',
        address: '',
        container: 'flv',
        bytes: new PassThrough(),
        gone: new Promise(() => {}),
        close,
      } satisfies Publisher,
      keyHash,
    );
    return close;
  };
  const first = join('first');
  await pause(2);
  const askedAt = performance.now();
  await pause(2);
  const third = join('third');
  publishers.expelOthers('second', askedAt, 'STREAM_KEY_REFUSED');
  expect(first).toHaveBeenCalledExactlyOnceWith('STREAM_KEY_REFUSED');
  expect(third).not.toHaveBeenCalled();
  publishers.expelOthers('third', performance.now(), 'STREAM_KEY_REFUSED');
  expect(third).not.toHaveBeenCalled();
  publishers.expel('STREAM_KEY_REFUSED');
});

test('what came in one piece with a goodbye is read before its sender has left', async () => {
  const settings = { sourceMaxPixels: 1_000_000 };
  const deps = { nextId: () => 1, clock: systemClock, settings } as unknown as BroadcastDeps;
  const bytes = new PassThrough();
  const { promise: gone, resolve: leave } = Promise.withResolvers<'finished'>();
  const left = Promise.withResolvers<unknown>();
  const publishers = new Publishers(deps, silentLog, ({ is }) => {
    if (is === 'left') left.resolve(bytes.readableEnded);
  });
  publishers.reserve();
  publishers.join({ door: 'rtmp', address: '', container: 'matroska', bytes, gone, close: vi.fn() }, 'key');
  bytes.write('the last ');
  bytes.end('words');
  leave('finished');
  expect(await left.promise).toBe(true);
});
