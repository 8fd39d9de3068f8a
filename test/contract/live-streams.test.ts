import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { BroadcastRepository } from '../../src/database/broadcasts.ts';
import { LiveStreamRepository } from '../../src/database/live-streams.ts';
import type { BroadcastFormat } from '../../src/kernel/live/broadcast.ts';
import type { IngestHealth } from '../../src/kernel/live/health.ts';
import type { LiveOptions } from '../../src/kernel/live/live-stream.ts';
import { hashStreamKey, newStreamKey } from '../../src/kernel/live/stream-key.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const SECRET = 'not in the database';
const HOLD_MS = 10_000;
const HERE = 'http://10.0.0.1:8070';
const THERE = 'http://10.0.0.2:8070';
const OPTIONS: LiveOptions = {
  dvrSeconds: 600,
  reconnectSeconds: 60,
  isRecorded: true,
  ladder: 'default',
  passthrough: 'auto',
  chat: { isOpen: true, slowSeconds: 0 },
};
const FORMAT: BroadcastFormat = { segmentSeconds: 2, targetDurationSeconds: 2, partTargetSeconds: 0.334 };
const HEALTH: IngestHealth = {
  bitrateBps: 2_000_000,
  framesPerSecond: 30,
  keyFrameSeconds: 2,
  driftMs: 0,
  speed: 1,
  droppedFrames: 0,
  problems: [],
};

describe.each(DATABASES)('live streams on $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let streams: LiveStreamRepository;
  let broadcasts: BroadcastRepository;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    streams = new LiveStreamRepository(on.database, clock, SECRET);
    broadcasts = new BroadcastRepository(on.database, clock);
  });
  afterEach(() => on.discard());

  const make = async (id = 'ls_a', streamKey = newStreamKey()) => {
    await streams.create({ id, title: id, policy: 'public', options: OPTIONS, streamKey }, 100);
    return streamKey;
  };
  const hold = (nodeUrl = HERE, streamId = 'ls_a') => ({ streamId, nodeUrl });
  const goLive = async (recordingId = 'as_1', at = hold()) => {
    await streams.claim(at, HOLD_MS);
    const broadcast = await broadcasts.begin(at, { recordingId, format: FORMAT });
    if (!broadcast) throw new Error('the stream did not go live');
    return broadcast;
  };
  const events = async () => {
    const rows = await on.database.selectFrom('events').select(['type', 'live']).orderBy('created_at').execute();
    return rows.map(({ type, live }) => ({ type, moment: JSON.parse(live ?? 'null') }));
  };
  const told = async () => (await events()).map(({ type }) => type);

  describe('a stream', () => {
    test('is found by its key alone, and by the new one only once that is replaced', async () => {
      const key = await make();
      await make('ls_b');
      expect((await streams.findByKey(key))?.id).toBe('ls_a');
      const next = newStreamKey();
      expect(await streams.replaceKey('ls_a', next)).toBe(true);
      expect(await streams.findByKey(key)).toBeUndefined();
      expect((await streams.findByKey(next))?.id).toBe('ls_a');
      expect(await streams.replaceKey('ls_none', newStreamKey())).toBe(false);
    });

    test('keeps what its source showed of its key frames, as told by the node that has it', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      await streams.setRegular(hold(THERE), true);
      expect((await streams.find('ls_a'))?.isRegular).toBe(false);
      await streams.setRegular(hold(), true);
      expect((await streams.find('ls_a'))?.isRegular).toBe(true);
      await streams.release(hold());
      expect((await streams.claim(hold(THERE), HOLD_MS))?.isRegular).toBe(true);
    });

    test('keeps its key under a seal that only this server opens', async () => {
      const key = await make();
      expect(await streams.streamKeys(['ls_a', 'ls_none'])).toEqual(new Map([['ls_a', key]]));
      const others = new LiveStreamRepository(on.database, clock, 'another secret');
      expect(await others.streamKeys(['ls_a'])).toEqual(new Map());
      const rows = await on.database.selectFrom('live_streams').selectAll().execute();
      expect(JSON.stringify(rows)).not.toContain(key);
    });

    test('changes in what is said and in nothing else', async () => {
      await make();
      const before = await streams.find('ls_a');
      clock.turn(5);
      const after = await streams.edit('ls_a', { title: 'later', isDisabled: true });
      expect(after).toEqual({ ...before, title: 'later', isDisabled: true, updatedAtMs: clock.now() });
      const options = { ...OPTIONS, reconnectSeconds: 5 };
      expect(await streams.edit('ls_a', { options, policy: 'signed' })).toEqual({
        ...after,
        options,
        policy: 'signed',
      });
      expect(await streams.find('ls_a')).toEqual({ ...after, options, policy: 'signed' });
      expect(await streams.edit('ls_none', { title: 'x' })).toBeUndefined();
    });

    test('is listed newest first in pages that fit together', async () => {
      for (const id of ['ls_a', 'ls_b', 'ls_c']) await make(id);
      clock.turn(1);
      await make('ls_d');
      const first = await streams.list(2);
      const second = await streams.list(2, first.at(-1));
      expect([...first, ...second].map(({ id }) => id)).toEqual(['ls_d', 'ls_c', 'ls_b', 'ls_a']);
    });

    test('is made up to a number of them, also when many are made at once by several processes', async () => {
      const others = [streams, new LiveStreamRepository(await on.another(), clock, SECRET)];
      const create = (_: unknown, at: number) =>
        others[at % 2]?.create(
          { id: `ls_${at}`, title: 't', policy: 'public', options: OPTIONS, streamKey: newStreamKey() },
          3,
        );
      const made = await Promise.all(Array.from({ length: 8 }, create));
      expect(made.filter((each) => each !== undefined).length).toBe(3);
      expect((await streams.list(10)).length).toBe(3);
    });
  });

  describe('the hold of a node', () => {
    test('goes to one of many that claim at once', async () => {
      await make();
      const others = [streams, new LiveStreamRepository(await on.another(), clock, SECRET)];
      const claims = Array.from({ length: 12 }, (_, at) =>
        others[at % 2]?.claim(hold(`http://10.0.0.${at}:8070`), HOLD_MS),
      );
      const won = (await Promise.all(claims)).filter((each) => each !== undefined);
      expect(won.length).toBe(1);
      expect((await streams.find('ls_a'))?.nodeUrl).toBe(won[0]?.nodeUrl);
    });

    test('goes to another only when it was not renewed in time', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      clock.turn(HOLD_MS - 1);
      expect(await streams.claim(hold(THERE), HOLD_MS)).toBeUndefined();
      expect(await streams.renew(hold(), HOLD_MS)).toMatchObject({ isDisabled: false });
      clock.turn(HOLD_MS - 1);
      expect(await streams.claim(hold(THERE), HOLD_MS)).toBeUndefined();
      clock.turn(1);
      expect(await streams.claim(hold(THERE), HOLD_MS)).toMatchObject({ nodeUrl: THERE });
      expect(await streams.renew(hold(), HOLD_MS)).toBeUndefined();
    });

    test('tells its node what was decided of the stream, each time that it says that it lives', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      const before = await streams.renew(hold(), HOLD_MS);
      const key = newStreamKey();
      await streams.replaceKey('ls_a', key);
      expect(await streams.renew(hold(), HOLD_MS)).toEqual({ isDisabled: false, keyHash: hashStreamKey(key) });
      expect(before?.keyHash).not.toBe(hashStreamKey(key));
      await streams.edit('ls_a', { isDisabled: true });
      expect(await streams.renew(hold(), HOLD_MS)).toMatchObject({ isDisabled: true });
    });

    test('is taken up again by the same node, as after a crash', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      expect(await streams.claim(hold(), HOLD_MS)).toMatchObject({ nodeUrl: HERE });
    });

    test('is not to be had of a stream that is disabled or gone', async () => {
      await make();
      await streams.edit('ls_a', { isDisabled: true });
      expect(await streams.claim(hold(), HOLD_MS)).toBeUndefined();
      expect(await streams.claim(hold(HERE, 'ls_none'), HOLD_MS)).toBeUndefined();
    });

    test('is given back by its own node, and while nothing is under way', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      await streams.release(hold(THERE));
      expect(await streams.find('ls_a')).toMatchObject({ nodeUrl: HERE });
      await streams.release(hold());
      expect(await streams.find('ls_a')).not.toHaveProperty('nodeUrl');
      await goLive();
      await streams.release(hold());
      expect(await streams.find('ls_a')).toMatchObject({ nodeUrl: HERE, state: 'live' });
    });

    test('ends with the stream', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      expect(await streams.delete('ls_a')).toBe(true);
      expect(await streams.delete('ls_a')).toBe(false);
      expect(await streams.renew(hold(), HOLD_MS)).toBeUndefined();
    });
  });

  describe('a broadcast', () => {
    test('has the next number of its stream, and is under way until it ends', async () => {
      await make();
      const first = await goLive('as_1');
      expect(first).toMatchObject({
        streamId: 'ls_a',
        number: 1,
        recordingId: 'as_1',
        isRecorded: true,
        format: FORMAT,
      });
      expect(await streams.find('ls_a')).toMatchObject({ state: 'live', broadcast: 1 });
      expect(await broadcasts.begin(hold(), { recordingId: 'as_x', format: FORMAT })).toBeUndefined();
      clock.turn(1_000);
      expect(await broadcasts.end(hold(), 1, 'finished')).toBe(true);
      expect(await broadcasts.find('ls_a', 1)).toEqual({ ...first, endedAtMs: clock.now(), endReason: 'finished' });
      const idle = await streams.find('ls_a');
      expect(idle).toMatchObject({ state: 'idle', broadcast: 1 });
      expect(idle).not.toHaveProperty('nodeUrl');
      expect((await goLive('as_2')).number).toBe(2);
      expect((await broadcasts.latest('ls_a'))?.recordingId).toBe('as_2');
      expect((await broadcasts.list('ls_a', 10, 2)).map(({ number }) => number)).toEqual([1]);
      expect((await broadcasts.latestOf(['ls_a', 'ls_none'])).get('ls_a')?.number).toBe(2);
      expect((await broadcasts.ofRecording('as_1'))?.number).toBe(1);
    });

    test('has a recording for everybody once it is over, while that is public and comes to something', async () => {
      const assets = new AssetRepository(on.database, clock);
      const asset = { title: 'x', policy: 'public', sourceName: 'x' } as const;
      await make();
      await goLive('as_1');
      await assets.create({ ...asset, id: 'as_1' });
      expect(await broadcasts.publicRecording('ls_a')).toBeUndefined();
      await broadcasts.end(hold(), 1, 'finished');
      expect(await broadcasts.publicRecording('ls_a')).toEqual({ recordingId: 'as_1', isReady: false });
      const become = (change: object) =>
        on.database.updateTable('assets').set(change).where('id', '=', 'as_1').execute();
      await become({ status: 'ready' });
      expect(await broadcasts.publicRecording('ls_a')).toEqual({ recordingId: 'as_1', isReady: true });
      await become({ status: 'errored' });
      expect(await broadcasts.publicRecording('ls_a')).toBeUndefined();
      await become({ status: 'ready', policy: 'signed' });
      expect(await broadcasts.publicRecording('ls_a')).toBeUndefined();
      await become({ policy: 'public' });
      await goLive('as_2');
      await broadcasts.end(hold(), 2, 'finished');
      expect(await broadcasts.publicRecording('ls_a')).toBeUndefined();
    });

    test('ends once, whoever says so and however often', async () => {
      await make();
      await goLive();
      const others = [broadcasts, new BroadcastRepository(await on.another(), clock)];
      const ends = Array.from({ length: 6 }, (_, at) => others[at % 2]?.end(hold(), 1, 'lost'));
      expect((await Promise.all(ends)).filter(Boolean).length).toBe(1);
      expect(await told()).toEqual(['live.started', 'live.ended']);
    });

    test('begins once for each number, also when two processes of a node begin it at once', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      const others = [broadcasts, new BroadcastRepository(await on.another(), clock)];
      const begun = await Promise.all(
        Array.from({ length: 6 }, (_, at) =>
          others[at % 2]?.begin(hold(), { recordingId: `as_${at}`, format: FORMAT }),
        ),
      );
      expect(begun.filter((each) => each !== undefined).length).toBe(1);
    });

    test('of a node that lost the stream changes nothing any more', async () => {
      await make();
      await goLive();
      clock.turn(HOLD_MS);
      await streams.claim(hold(THERE), HOLD_MS);
      expect(await broadcasts.lost(hold())).toBe(false);
      expect(await broadcasts.reconnected(hold())).toBe(false);
      expect(await broadcasts.unhealthy(hold(), ['bitrate'])).toBe(false);
      expect(await broadcasts.end(hold(), 1, 'finished')).toBe(false);
      await streams.setHealth(hold(), HEALTH);
      expect(await streams.find('ls_a')).not.toHaveProperty('health');
      expect(await broadcasts.end(hold(THERE), 1, 'interrupted')).toBe(true);
      expect(await told()).toEqual(['live.started', 'live.ended']);
    });

    test('is found again by the node that it was at, and by all once that node is silent', async () => {
      await make();
      await make('ls_b');
      await goLive('as_1');
      await goLive('as_2', hold(THERE, 'ls_b'));
      expect((await broadcasts.unfinished(HERE)).map(({ recordingId }) => recordingId)).toEqual(['as_1']);
      clock.turn(HOLD_MS + 1);
      await streams.renew(hold(), HOLD_MS);
      expect((await broadcasts.abandoned(clock.now())).map(({ recordingId }) => recordingId)).toEqual(['as_2']);
      await broadcasts.end(hold(), 1, 'interrupted');
      expect(await broadcasts.unfinished(HERE)).toEqual([]);
    });

    test('outlives its stream, whose deletion ends it, but is no more what is served of it', async () => {
      await make();
      await goLive();
      await streams.delete('ls_a');
      expect(await broadcasts.ofRecording('as_1')).toMatchObject({ endReason: 'deleted' });
      expect(await broadcasts.latest('ls_a')).toBeUndefined();
      expect(await told()).toEqual(['live.started', 'live.ended']);
    });

    test('has a source whose health is known while it lasts', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      await streams.setHealth(hold(), HEALTH);
      expect(await streams.find('ls_a')).not.toHaveProperty('health');
      await goLive();
      await streams.setHealth(hold(), HEALTH);
      expect((await streams.find('ls_a'))?.health).toEqual(HEALTH);
      await broadcasts.end(hold(), 1, 'finished');
      expect(await streams.find('ls_a')).not.toHaveProperty('health');
    });

    test('has no health while its source is lost, not even what was measured just before', async () => {
      await make();
      await goLive();
      await streams.setHealth(hold(), HEALTH);
      await broadcasts.lost(hold());
      await streams.setHealth(hold(), HEALTH);
      expect(await streams.find('ls_a')).not.toHaveProperty('health');
      await broadcasts.reconnected(hold());
      await streams.setHealth(hold(), HEALTH);
      expect((await streams.find('ls_a'))?.health).toEqual(HEALTH);
    });
  });

  describe('the outbox', () => {
    test('has one event for each thing that happens, with the stream as it then was and without its key', async () => {
      const key = await make();
      await goLive();
      const tick = async (change: Promise<boolean>) => {
        clock.turn(1_000);
        expect(await change).toBe(true);
      };
      await tick(broadcasts.lost(hold()));
      await tick(broadcasts.reconnected(hold()));
      expect(await broadcasts.reconnected(hold())).toBe(false);
      await tick(broadcasts.unhealthy(hold(), ['frame-rate', 'drift']));
      await tick(broadcasts.recovered(hold()));
      await tick(broadcasts.end(hold(), 1, 'finished'));
      const happened = await events();
      expect(happened.map(({ type, moment }) => [type, moment.stream.state, moment.broadcast.endReason])).toEqual([
        ['live.started', 'live', undefined],
        ['live.reconnected', 'live', undefined],
        ['live.unhealthy', 'live', undefined],
        ['live.recovered', 'live', undefined],
        ['live.ended', 'idle', 'finished'],
      ]);
      expect(happened[2]?.moment.problems).toEqual(['frame-rate', 'drift']);
      expect(JSON.stringify(happened)).not.toContain(key);
      expect(await broadcasts.recovered(hold())).toBe(false);
    });

    test('is there for others by the time that they are told to look', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      const seen: Promise<number>[] = [];
      const telling = new BroadcastRepository(on.database, clock, () => {
        seen.push(events().then(({ length }) => length));
      });
      await telling.begin(hold(), { recordingId: 'as_1', format: FORMAT });
      await telling.lost(hold());
      await telling.reconnected(hold());
      await telling.reconnected(hold());
      await telling.unhealthy(hold(), ['drift']);
      await telling.recovered(hold());
      await telling.end(hold(), 1, 'finished');
      await telling.end(hold(), 1, 'finished');
      expect(await Promise.all(seen)).toEqual([1, 2, 3, 4, 5]);
    });

    test('without it nothing happens', async () => {
      await make();
      await streams.claim(hold(), HOLD_MS);
      await on.database.schema.dropTable('webhook_deliveries').execute();
      await on.database.schema.dropTable('events').execute();
      await expect(broadcasts.begin(hold(), { recordingId: 'as_1', format: FORMAT })).rejects.toThrow();
      expect(await streams.find('ls_a')).toMatchObject({ state: 'idle', broadcast: 0 });
      expect(await broadcasts.latest('ls_a')).toBeUndefined();
    });
  });
});
