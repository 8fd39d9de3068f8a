import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { type AddWork, type DeliveryKey, DeliveryRepository } from '../../src/database/webhook-deliveries.ts';
import { WebhookRepository } from '../../src/database/webhooks.ts';
import { DATABASES, type FreshDatabase } from './databases.ts';
import { HandClock } from './hand-clock.ts';

const DAY_MS = 86_400_000;

describe.each(DATABASES)('webhooks on $name', ({ fresh }) => {
  let on: FreshDatabase;
  let clock: HandClock;
  let assets: AssetRepository;
  let webhooks: WebhookRepository;
  let deliveries: DeliveryRepository;
  let work: DeliveryKey[];
  let addWork: AddWork;

  beforeEach(async () => {
    on = await fresh();
    clock = new HandClock();
    work = [];
    addWork = async (_trx, made) => void work.push(...made);
    assets = new AssetRepository(on.database, clock);
    webhooks = new WebhookRepository(on.database, clock);
    deliveries = new DeliveryRepository(on.database, clock, (trx, made) => addWork(trx, made));
  });
  afterEach(() => on.discard());

  const make = (id = 'as_a') => assets.create({ id, title: id, policy: 'public', sourceName: `${id}.mp4` });
  const listen = (id: string, more: { events?: ['asset.ready'] } = {}) =>
    webhooks.add({ id, url: `https://${id}.example/`, secret: `whsec_${id}`, ...more }, 100);
  const happened = async () => {
    const rows = await on.database.selectFrom('events').selectAll().orderBy('created_at').execute();
    return rows.map(({ type, asset }) => [type, asset === null ? null : JSON.parse(asset).status]);
  };

  describe('the outbox', () => {
    test('has one event for each change of status, with the asset as it then was', async () => {
      const tick = async (change: Promise<unknown>) => {
        await change;
        clock.turn(1);
      };
      await tick(make());
      await tick(assets.sourceStored('as_a', 10));
      await tick(assets.advance('as_a', 'playable'));
      await tick(assets.advance('as_a', 'ready'));
      await tick(assets.fail('as_a', { code: 'ENCODE_FAILED', says: 'late' }));
      await tick(assets.delete('as_a'));
      expect(await happened()).toEqual([
        ['asset.created', 'uploading'],
        ['asset.playable', 'playable'],
        ['asset.ready', 'ready'],
        ['asset.errored', 'errored'],
        ['asset.deleted', 'errored'],
      ]);
    });

    test('has none for a change that was refused', async () => {
      await make();
      await expect(make()).rejects.toThrow();
      await assets.advance('as_a', 'ready');
      await assets.advance('as_b', 'playable');
      await assets.delete('as_b');
      await assets.fail('as_b', { code: 'ENCODE_FAILED', says: '' });
      expect(await happened()).toEqual([['asset.created', 'uploading']]);
    });

    test('a change whose event cannot be written does not happen', async () => {
      await make();
      await assets.sourceStored('as_a', 1);
      await on.database.schema.dropTable('webhook_deliveries').execute();
      await on.database.schema.dropTable('events').execute();
      await expect(assets.advance('as_a', 'playable')).rejects.toThrow();
      await expect(assets.fail('as_a', { code: 'ENCODE_FAILED', says: '' })).rejects.toThrow();
      await expect(assets.delete('as_a')).rejects.toThrow();
      await expect(make('as_b')).rejects.toThrow();
      expect((await assets.find('as_a'))?.status).toBe('queued');
      expect(await assets.find('as_b')).toBeUndefined();
    });
  });

  describe('dispatching', () => {
    test('makes one delivery and one job for each endpoint that hears of an event, once', async () => {
      await listen('wh_all');
      await listen('wh_ready', { events: ['asset.ready'] });
      await listen('wh_off');
      await webhooks.edit('wh_off', { enabled: false });
      await make();
      expect(await deliveries.dispatch(10)).toEqual({ events: 1, deliveries: 1 });
      expect(await deliveries.dispatch(10)).toEqual({ events: 0, deliveries: 0 });
      const [delivery] = await deliveries.list('wh_all', 10);
      expect(work).toEqual([expect.objectContaining({ id: delivery?.id, webhookId: 'wh_all' })]);
      expect(delivery).toMatchObject({ eventType: 'asset.created', status: 'pending', attempts: 0 });
      expect(await deliveries.list('wh_ready', 10)).toEqual([]);
    });

    test('by many at once tells every endpoint once', async () => {
      await listen('wh_a');
      for (const id of ['as_a', 'as_b', 'as_c']) await make(id);
      await Promise.all(Array.from({ length: 5 }, () => deliveries.dispatch(2)));
      const told = (await deliveries.list('wh_a', 10)).map(({ eventId }) => eventId);
      expect([told.length, new Set(told).size, work.length]).toEqual([3, 3, 3]);
    });

    test('by many processes at once tells every endpoint once', async () => {
      await listen('wh_a');
      for (let at = 0; at < 12; at++) await make(`as_${at}`);
      const others = [deliveries];
      for (let more = 0; more < 3; more++) {
        others.push(new DeliveryRepository(await on.another(), clock, (trx, made) => addWork(trx, made)));
      }
      // Until nothing is left: one that finds all of it in another's hands makes none.
      for (let left = 1; left > 0; ) {
        const made = await Promise.all(others.map((each) => each.dispatch(3)));
        left = made.reduce((sum, { events }) => sum + events, 0);
      }
      const told = (await deliveries.list('wh_a', 100)).map(({ eventId }) => eventId);
      expect([told.length, new Set(told).size]).toEqual([12, 12]);
    });

    test('makes no delivery without its job: what fails in the middle is done again', async () => {
      await listen('wh_a');
      await make();
      addWork = () => Promise.reject(new Error('the queue is away'));
      await expect(deliveries.dispatch(10)).rejects.toThrow('the queue is away');
      expect(await deliveries.list('wh_a', 10)).toEqual([]);
      addWork = async () => {};
      expect(await deliveries.dispatch(10)).toEqual({ events: 1, deliveries: 1 });
    });
  });

  describe('a delivery', () => {
    const one = async () => {
      await listen('wh_a');
      await make();
      await deliveries.dispatch(10);
      const [delivery] = await deliveries.list('wh_a', 1);
      if (!delivery) throw new Error('nothing was dispatched');
      return delivery;
    };

    test('carries the asset as it was when the event happened, and where to', async () => {
      const { id } = await one();
      await assets.edit('as_a', { title: 'later' });
      expect(await deliveries.parcel(id)).toMatchObject({
        url: 'https://wh_a.example/',
        secret: 'whsec_wh_a',
        enabled: true,
        event: { type: 'asset.created', asset: { id: 'as_a', title: 'as_a' } },
      });
    });

    test('is settled once: the word of a late attempt changes nothing', async () => {
      const { id } = await one();
      await deliveries.attempted(id, 1, { failure: 'WEBHOOK_TIMEOUT' }, { nextAttemptAtMs: 5 });
      expect((await deliveries.list('wh_a', 1))[0]).toMatchObject({ failure: 'WEBHOOK_TIMEOUT', nextAttemptAtMs: 5 });
      await deliveries.attempted(id, 2, { responseStatus: 204 }, { status: 'delivered' });
      await deliveries.attempted(id, 1, { responseStatus: 500 }, { status: 'failed' });
      const [settled] = await deliveries.list('wh_a', 1);
      expect(settled).toMatchObject({ status: 'delivered', attempts: 2, responseStatus: 204 });
      expect(settled).not.toHaveProperty('failure');
      expect(settled).not.toHaveProperty('nextAttemptAtMs');
    });

    test('is replayed as one more of the same event, for its own endpoint only', async () => {
      const { id, eventId } = await one();
      await listen('wh_b');
      const again = await deliveries.replay('wh_a', id);
      expect(again).toMatchObject({ eventId, status: 'pending', attempts: 0 });
      expect(again?.id).not.toBe(id);
      expect(await deliveries.replay('wh_b', id)).toBeUndefined();
    });

    test('goes with its endpoint', async () => {
      const { id } = await one();
      expect(await webhooks.delete('wh_a')).toBe(true);
      expect(await webhooks.delete('wh_a')).toBe(false);
      expect(await deliveries.parcel(id)).toBeUndefined();
    });

    test('is forgotten with its event after a time, but not while it is on its way', async () => {
      const { id } = await one();
      clock.turn(40 * DAY_MS);
      expect(await deliveries.sweep(clock.now() - 30 * DAY_MS)).toBe(0);
      await deliveries.attempted(id, 1, { responseStatus: 200 }, { status: 'delivered' });
      await make('as_new');
      expect(await deliveries.sweep(clock.now() - 30 * DAY_MS)).toBe(1);
      expect(await deliveries.list('wh_a', 10)).toEqual([]);
      expect(await happened()).toEqual([['asset.created', 'uploading']]);
    });

    test('is listed newest first in pages that fit together', async () => {
      await listen('wh_a');
      for (const _ of [1, 2]) await deliveries.ping('wh_a');
      clock.turn(1);
      const last = await deliveries.ping('wh_a');
      const first = await deliveries.list('wh_a', 2);
      const second = await deliveries.list('wh_a', 2, first.at(-1));
      expect(first[0]).toEqual(last);
      expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(3);
    });
  });

  test('endpoints are kept up to a number, also when many are added at once by several processes', async () => {
    const repositories = [webhooks, new WebhookRepository(await on.another(), clock)];
    const add = (_: unknown, at: number) =>
      repositories[at % 2]?.add({ id: `wh_${at}`, url: 'https://a.example/', secret: 'whsec_x' }, 3);
    const made = await Promise.all(Array.from({ length: 8 }, add));
    expect(made.filter((each) => each !== undefined).length).toBe(3);
    expect((await webhooks.list()).length).toBe(3);
  });

  test('endpoints are kept up to a number, and listed without their secrets', async () => {
    const made = await webhooks.add({ id: 'wh_a', url: 'https://a.example/', secret: 'whsec_x' }, 1);
    expect(await webhooks.add({ id: 'wh_b', url: 'https://b.example/', secret: 'whsec_x' }, 1)).toBeUndefined();
    expect(await webhooks.list()).toEqual([made]);
    expect(JSON.stringify(await webhooks.list())).not.toContain('whsec_x');
    expect(await webhooks.edit('wh_a', { events: ['asset.ready'] })).toMatchObject({ events: ['asset.ready'] });
    expect(await webhooks.edit('wh_b', { enabled: false })).toBeUndefined();
  });
});
