import { expect, test } from 'vitest';
import type { Broadcast, LiveStream } from '../../src/database/live-stream-rows.ts';
import { Fault } from '../../src/kernel/errors.ts';
import { silentLog } from '../../src/kernel/log.ts';
import type { BroadcastDeps } from '../../src/live/broadcast/deps.ts';
import { BroadcastDesk } from '../../src/live/broadcast/desk.ts';

const streamOf = (id: string) => ({ id, state: 'idle', options: { reconnectSeconds: 60 } }) as unknown as LiveStream;

/** A desk of a node with room for so many, at which each key is the id of its stream. */
async function opened(liveStreams: number, left: readonly Broadcast[] = []) {
  const streams = {
    claim: async ({ streamId }: { streamId: string }) => streamOf(streamId),
    release: async () => {},
    letGo: async () => {},
  };
  const feed = { started: () => {}, opening: () => {}, reconnecting: () => {}, ended: () => {} };
  const packaging = { lastSession: 1, closeSession: () => {}, end: async () => {}, abandon: async () => {} };
  const deps = {
    streams,
    keys: { open: async ({ streamKey }: { streamKey: string }) => streamOf(streamKey) },
    broadcasts: {
      unfinished: async () => left,
      abandoned: async () => [],
      lost: async () => true,
      end: async () => true,
    },
    packagers: { recover: async () => packaging },
    channels: { open: async () => feed },
    finished: async () => {},
    nodeUrl: () => 'http://127.0.0.1:1',
    settings: { liveStreams, liveLeaseMs: 15_000 },
    clock: { now: () => Date.now() },
    log: silentLog,
    count: () => {},
  } as unknown as BroadcastDeps;
  const desk = new BroadcastDesk(deps);
  await desk.start();
  const admit = (streamKey: string) => desk.admit({ door: 'whip', streamKey, address: '' });
  return { desk, admit };
}

const codeOf = (cause: unknown) => Fault.from(cause).code;

test('of several that come at once to a node with room for two, two get in', async () => {
  const { desk, admit } = await opened(2);
  const all = await Promise.allSettled(['ls_a', 'ls_b', 'ls_c', 'ls_d'].map(admit));
  const refused = all.filter((each) => each.status === 'rejected').map(({ reason }) => codeOf(reason));
  expect(refused).toEqual(['LIVE_FULL', 'LIVE_FULL']);
  await desk.stop();
});

test('broadcasts that the server before this one has left take up their room, and their own publishers come back', async () => {
  const left = ['ls_a', 'ls_b'].map((streamId) => ({ streamId, number: 1, format: {} }) as unknown as Broadcast);
  const { desk, admit } = await opened(2, left);
  expect(await admit('ls_c').catch(codeOf)).toBe('LIVE_FULL');
  const place = await admit('ls_b');
  place.leave();
  await desk.end('ls_a', 'requested');
  (await admit('ls_c')).leave();
  await desk.stop();
});
