import { setTimeout as pause } from 'node:timers/promises';
import fastify from 'fastify';
import { afterEach, expect, test, vi } from 'vitest';
import type { Broadcast, LiveStream } from '../../src/database/live-stream-rows.ts';
import type { Renewal } from '../../src/database/live-streams.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { Fault } from '../../src/kernel/errors.ts';
import type { LiveSegment } from '../../src/kernel/live/broadcast.ts';
import { silentLog } from '../../src/kernel/log.ts';
import type { BroadcastDeps, Packaging } from '../../src/live/broadcast/deps.ts';
import { BroadcastDesk } from '../../src/live/broadcast/desk.ts';
import { StreamActor } from '../../src/live/broadcast/stream-actor.ts';
import { EndedBroadcasts } from '../../src/live/ended-broadcasts.ts';
import { mountLiveProxy } from '../../src/origin/live-proxy.ts';
import { HandClock } from '../contract/hand-clock.ts';
import { SOURCE_FORMAT } from '../harness/live-source.ts';

const STREAM = {
  id: 'ls_aaaabbbbccccdddd',
  state: 'idle',
  options: { reconnectSeconds: 0.2 },
} as unknown as LiveStream;
const BROADCAST = { streamId: STREAM.id, number: 3, recordingId: 'as_1', format: {} } as unknown as Broadcast;
/** Without a word of its own `vi.waitFor` gives up after a second, which a busy machine may take for anything. */
const PATIENCE = 15_000;

afterEach(() => {
  vi.useRealTimers();
});

const away = async () => {
  throw new Error('the database is away');
};

function made(packaging: Partial<Packaging> = {}) {
  const broadcasts = {
    lost: vi.fn(async () => true),
    end: vi.fn(async () => true),
    unfinished: vi.fn(async () => [BROADCAST]),
    abandoned: vi.fn(async (): Promise<Broadcast[]> => []),
  };
  const streams = {
    claim: vi.fn(async () => STREAM),
    renew: vi.fn(async (): Promise<Renewal | undefined> => ({ isDisabled: false, keyHash: '' })),
    release: vi.fn(async () => {}),
    letGo: vi.fn(async () => {}),
    find: vi.fn(async () => STREAM),
  };
  const whole = {
    lastSession: 1,
    closeSession: () => {},
    end: async () => {},
    abandon: async () => {},
    ...packaging,
  };
  const recover = vi.fn(async () => whole);
  const finished = vi.fn(async () => {});
  const askToYield = vi.fn(async () => {});
  const left = vi.fn();
  const feed = { started: () => {}, opening: () => {}, reconnecting: () => {}, ended: vi.fn() };
  const keys = { open: vi.fn(async () => STREAM) };
  const deps = {
    ...{ keys, broadcasts, streams, finished, askToYield, left },
    packagers: { recover },
    channels: { open: async () => feed },
    nodeUrl: () => 'http://127.0.0.1:1',
    settings: { liveStreams: 1, liveLeaseMs: 15_000 },
    clock: { now: () => Date.now() },
    log: silentLog,
  } as unknown as BroadcastDeps;
  return { deps, keys, broadcasts, streams, recover, finished, askToYield, left, feed };
}

async function resumed(parts: ReturnType<typeof made>) {
  const over = Promise.withResolvers<void>();
  const actor = new StreamActor(parts.deps, STREAM, () => over.resolve());
  await actor.resume(BROADCAST, {});
  return { actor, over: over.promise };
}

test('a broadcast that nobody comes back to ends though the database was away when its publisher went', async () => {
  const parts = made();
  parts.broadcasts.lost.mockImplementation(away);
  const { over } = await resumed(parts);
  await over;
  expect(parts.broadcasts.end).toHaveBeenCalledWith(expect.anything(), 3, 'lost');
});

test('an end that the database did not hear of is told again until it does', async () => {
  const parts = made();
  parts.broadcasts.end.mockImplementationOnce(away).mockImplementationOnce(away);
  const { actor, over } = await resumed(parts);
  await actor.end('requested');
  await over;
  expect(parts.feed.ended).toHaveBeenCalledOnce();
  expect(parts.broadcasts.end).toHaveBeenCalledTimes(3);
  expect(parts.finished).toHaveBeenCalledOnce();
});

test('a process stops though a store that is away keeps it from recording what has ended', async () => {
  const stopped = Promise.withResolvers<void>();
  const parts = made({ end: () => stopped.promise, abandon: async () => stopped.resolve() });
  const { actor } = await resumed(parts);
  void actor.end('requested');
  await actor.givenBack;
  await actor.abandon();
  // The next process does, with what the spool has.
  expect(parts.finished).not.toHaveBeenCalled();
});

test('whoever comes while a broadcast ends begins the next one when the stream is given back', async () => {
  const parts = made();
  const ended = Promise.withResolvers<boolean>();
  parts.broadcasts.end.mockImplementation(() => ended.promise);
  const desk = new BroadcastDesk(parts.deps);
  await desk.start();
  const end = desk.end(STREAM.id, 'requested');
  const claims = parts.streams.claim.mock.calls.length;
  const admitted = desk.admit({ door: 'rtmp', streamKey: 'sk_x', address: '' });
  await pause(50);
  expect(parts.streams.claim).toHaveBeenCalledTimes(claims);
  ended.resolve(true);
  const place = await admitted;
  await end;
  expect(parts.streams.claim).toHaveBeenCalledTimes(claims + 1);
  place.leave();
  await desk.stop();
});

test('a broadcast that could not be taken up is taken up later, and until then its stream has no room for another', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const parts = made();
  parts.recover.mockImplementationOnce(away);
  const desk = new BroadcastDesk(parts.deps);
  await desk.start();
  expect(desk.find(STREAM.id)).toBeUndefined();
  vi.advanceTimersByTime(15_000);
  await vi.waitFor(() => expect(desk.find(STREAM.id)).toBeDefined(), PATIENCE);
  await desk.stop();
});

test('whoever comes to a stream that another node has left goes on with its broadcast', async () => {
  const parts = made();
  parts.broadcasts.unfinished.mockResolvedValueOnce([]);
  const desk = new BroadcastDesk(parts.deps);
  await desk.start();
  parts.streams.claim.mockResolvedValueOnce({ ...STREAM, state: 'live' } as LiveStream);
  const place = await desk.admit({ door: 'rtmp', streamKey: 'sk_x', address: '' });
  expect(parts.recover).toHaveBeenCalledOnce();
  expect(desk.find(STREAM.id)?.packaging).toBeDefined();
  place.leave();
  await desk.stop();
});

const BUSY = new Fault('LIVE_STREAM_BUSY');
const AWAY = new Fault('LIVE_NODE_AWAY');

test.each([
  [
    'is refused while somebody publishes there, however long ago its lease ended',
    BUSY,
    undefined,
    'LIVE_STREAM_BUSY',
    0,
  ],
  ['waits for its lease when it says nothing', AWAY, undefined, 'LIVE_STREAM_BUSY', 1],
  ['takes its broadcast when it says nothing and its lease is over', AWAY, { shownUntilMs: 7 }, undefined, 1],
  ['takes its broadcast whole when it gives it up', undefined, {}, undefined, 1],
])('whoever comes to a stream of another node %s', async (_, answer, inheritance, code, claims) => {
  const parts = made();
  const desk = new BroadcastDesk(parts.deps);
  parts.broadcasts.unfinished.mockResolvedValueOnce([]);
  await desk.start();
  parts.keys.open.mockResolvedValueOnce({
    ...STREAM,
    nodeUrl: 'http://127.0.0.1:2',
    ownedUntilMs: 0,
  } as LiveStream);
  parts.streams.claim.mockResolvedValueOnce((inheritance && { ...STREAM, state: 'live' }) as LiveStream);
  parts.streams.find.mockResolvedValueOnce({ ...STREAM, ownedUntilMs: 7 } as LiveStream);
  if (answer) parts.askToYield.mockRejectedValueOnce(answer);
  const admitted = desk.admit({ door: 'rtmp', streamKey: 'sk_x', address: '' });
  if (code) await expect(admitted).rejects.toMatchObject({ code });
  else await admitted;
  expect(parts.streams.claim).toHaveBeenCalledTimes(claims);
  if (inheritance)
    expect(parts.recover).toHaveBeenCalledWith(expect.anything(), expect.anything(), expect.anything(), inheritance);
  await desk.stop();
});

test('a node that has lost a stream to another ends nothing of it, records nothing more, and leads viewers there', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const forsake = vi.fn(async () => {});
  const parts = made({ forsake });
  const desk = new BroadcastDesk(parts.deps);
  await desk.start();
  const actor = desk.find(STREAM.id);
  expect(actor?.isHeld).toBe(true);
  parts.streams.renew.mockResolvedValueOnce(undefined);
  parts.streams.find.mockResolvedValueOnce({ ...STREAM, nodeUrl: 'http://127.0.0.1:2' } as LiveStream);
  vi.advanceTimersByTime(5_000);
  await vi.waitFor(() => expect(parts.left).toHaveBeenCalledWith(STREAM.id), PATIENCE);
  expect(actor?.isHeld).toBe(false);
  expect(forsake).toHaveBeenCalledOnce();
  expect(parts.broadcasts.end).not.toHaveBeenCalled();
  expect(desk.find(STREAM.id)).toBeUndefined();
  await desk.stop();
});

test('a broadcast whose lease ended while the database was away is left alone until its node could have said that it lives', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const parts = made();
  parts.broadcasts.unfinished.mockResolvedValue([]);
  parts.broadcasts.abandoned.mockResolvedValue([BROADCAST]);
  parts.streams.find.mockResolvedValueOnce({ ...STREAM, ownedUntilMs: 1 } as LiveStream);
  parts.streams.find.mockResolvedValue({ ...STREAM, ownedUntilMs: 2 } as LiveStream);
  const desk = new BroadcastDesk(parts.deps);
  await desk.start();
  for (const looks of [1, 2]) {
    vi.advanceTimersByTime(15_000);
    await vi.waitFor(() => expect(parts.streams.find).toHaveBeenCalledTimes(looks), PATIENCE);
    await pause(10);
    expect(parts.broadcasts.end).not.toHaveBeenCalled();
  }
  vi.advanceTimersByTime(15_000);
  const end = () => expect(parts.broadcasts.end).toHaveBeenCalledWith(expect.anything(), 3, 'interrupted');
  await vi.waitFor(end, PATIENCE);
  await desk.stop();
});

test('a broadcast that is under way and not here is away, and not gone', async () => {
  const ended = new EndedBroadcasts(
    { latest: async () => BROADCAST },
    { read: vi.fn(), isWhole: vi.fn(), dateRanges: vi.fn() },
    systemClock,
  );
  await expect(ended.find(STREAM.id)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('the end of a broadcast whose last segments come late is told to nobody before they are there', async () => {
  const clock = new HandClock();
  const broadcast = { ...BROADCAST, format: SOURCE_FORMAT, endedAtMs: clock.now() };
  const place = { rendition: 'audio', session: 1, startTicks: 0, durationTicks: 96_000, bytes: 1 };
  const segments: LiveSegment[] = [];
  const read = vi.fn(async () => ({ sessions: [{ number: 1, beganAtMs: 0 }], segments }));
  const isWhole = vi.fn(async () => false);
  const ended = new EndedBroadcasts(
    { latest: async () => broadcast },
    { read, isWhole, dateRanges: async () => [] },
    clock,
  );
  const listed = async () => {
    const timeline = (await ended.find(STREAM.id))?.stages.get('audio')?.timeline;
    return [timeline?.segments.length, timeline?.isEnded];
  };
  await expect(listed()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  segments.push({ ...place, sequence: 0 });
  clock.turn(2_000);
  expect(await listed()).toEqual([1, false]);
  segments.push({ ...place, sequence: 1, startTicks: 96_000 });
  isWhole.mockResolvedValue(true);
  expect(await listed()).toEqual([1, false]);
  clock.turn(2_000);
  expect(await listed()).toEqual([2, true]);
  clock.turn(50_000);
  await listed();
  expect(read).toHaveBeenCalledTimes(3);
});

test('the end of a broadcast is told at last though nobody finishes its recording', async () => {
  const clock = new HandClock();
  const broadcast = { ...BROADCAST, format: SOURCE_FORMAT, endedAtMs: clock.now() };
  const segments = [{ rendition: 'audio', session: 1, sequence: 0, startTicks: 0, durationTicks: 96_000, bytes: 1 }];
  const read = async () => ({ sessions: [{ number: 1, beganAtMs: 0 }], segments });
  const ended = new EndedBroadcasts(
    { latest: async () => broadcast },
    { read, isWhole: async () => false, dateRanges: async () => [] },
    clock,
  );
  const isEnded = async () => (await ended.find(STREAM.id))?.stages.get('audio')?.timeline.isEnded;
  expect(await isEnded()).toBe(false);
  clock.turn(120_000);
  expect(await isEnded()).toBe(true);
});

test.each([
  ['is away', away],
  ['never answers', () => new Promise<never>(() => {})],
])('viewers of a stream that is here are served while the database %s', async (_, answer) => {
  const app = fastify();
  const find = vi.fn(answer);
  mountLiveProxy(app, { streams: { find }, ownUrl: () => 'http://127.0.0.1:1', sign: () => ({}), clock: Date });
  app.get('/live/*', async () => 'here');
  const response = await app.inject(`/live/${STREAM.id}/master.m3u8`);
  expect([response.statusCode, response.body, find.mock.calls.length]).toEqual([200, 'here', 1]);
});
