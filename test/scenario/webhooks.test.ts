import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { AssetRepository } from '../../src/database/assets.ts';
import { openDatabase } from '../../src/database/open.ts';
import { LOST_ATTEMPTS } from '../../src/queue/queue.ts';
import { ASSETS, WORK } from '../../src/queue/signals.ts';
import { HandClock } from '../contract/hand-clock.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';
import { RecordingLog } from '../harness/recording-log.ts';
import { type Received, WebhookReceiver } from '../harness/webhook-receiver.ts';

const DELIVERED = 'webhook delivered';
const RETRY = 'webhook not delivered yet';
const GIVEN_UP = 'webhook given up';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface WebhookBody {
  readonly webhookId: string;
  readonly secret: string;
  readonly enabled: boolean;
}

interface DeliveryBody {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly type: string;
  readonly status: string;
  readonly attempts: number;
  readonly responseStatus?: number;
  readonly failure?: string;
  readonly nextAttemptAt?: string;
}

let folder: string;
let clock: HandClock;
let log: RecordingLog;
let server: ControlServer;
let receiver: WebhookReceiver;

beforeEach(async () => {
  folder = await freshFolder();
  clock = new HandClock();
  receiver = new WebhookReceiver();
  await receiver.start();
  await start();
});

afterEach(async () => {
  await receiver.stop();
  await server.stop();
  await removeFolder(folder);
});

async function start(settings: Partial<Settings> = {}): Promise<void> {
  log = new RecordingLog();
  server = await startControl({ folder, clock, log, settings: { webhookAllowPrivate: true, ...settings } });
}

async function restart(settings: Partial<Settings> = {}): Promise<void> {
  await server.stop();
  await start(settings);
}

/** Turns the clock and lets the courier look. */
function later(ms: number): void {
  clock.turn(ms);
  server.signals.notify(WORK);
}

async function listen(more: object = {}): Promise<WebhookBody> {
  const response = await server.call('/v1/webhooks', { json: { url: receiver.url(), ...more } });
  expect(response.status).toBe(201);
  return (await response.json()) as WebhookBody;
}

async function make(id = 'as_aaaaaaaaaaaaaaaa'): Promise<string> {
  await server.assets.create({ id, title: 'A film', policy: 'public', sourceName: 'a.mp4' });
  server.signals.notify(ASSETS);
  return id;
}

async function deliveriesOf({ webhookId }: WebhookBody): Promise<DeliveryBody[]> {
  const response = await server.call(`/v1/webhooks/${webhookId}/deliveries`);
  return ((await response.json()) as { items: DeliveryBody[] }).items;
}

const only = <T>(list: readonly T[]): T => {
  expect(list).toHaveLength(1);
  return list[0] as T;
};

/** The very code of the documentation. */
async function documentedCheck(): Promise<
  (body: string, signature: unknown, secret: string, nowSeconds: number) => boolean
> {
  const page = await readFile(fileURLToPath(new URL('../../docs/webhooks.md', import.meta.url)), 'utf8');
  const code = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';
  const { isFromFrontrow } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return isFromFrontrow;
}

describe('an event', () => {
  test('reaches the endpoint as JSON that names it, signed as the documentation checks it', async () => {
    const { secret } = await listen();
    const assetId = await make();
    const { headers, body, message } = only(await receiver.until(1));
    expect(message).toMatchObject({
      type: 'asset.created',
      createdAt: new Date(clock.now()).toISOString(),
      data: { asset: { assetId, status: 'uploading', playbackUrl: expect.stringContaining(assetId) } },
    });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'frontrow',
      'frontrow-event-id': message.id,
      'frontrow-delivery-id': expect.stringMatching(/^dl_/),
    });
    const isFromFrontrow = await documentedCheck();
    const signature = headers['frontrow-signature'];
    const nowSeconds = clock.now() / 1000;
    expect(isFromFrontrow(body, signature, secret, nowSeconds)).toBe(true);
    expect(isFromFrontrow(`${body} `, signature, secret, nowSeconds)).toBe(false);
    expect(isFromFrontrow(body, signature, `${secret}x`, nowSeconds)).toBe(false);
    expect(isFromFrontrow(body, signature, secret, nowSeconds + 301)).toBe(false);
    expect(isFromFrontrow(body, undefined, secret, nowSeconds)).toBe(false);
  });

  test('is told of each step of a film, and of its end', async () => {
    await listen();
    const response = await server.call('/v1/assets?filename=a.mp4', {
      body: 'bytes',
      headers: { 'content-type': 'video/mp4' },
    });
    const { assetId } = (await response.json()) as { assetId: string };
    await receiver.until(1);
    for (const [at, step] of (['playable', 'ready'] as const).entries()) {
      await server.assets.advance(assetId, step);
      server.signals.notify(ASSETS);
      await receiver.until(at + 2);
    }
    await server.call(`/v1/assets/${assetId}`, { method: 'DELETE' });
    const told = await receiver.until(4);
    expect(told.map(({ message }) => [message.type, message.data.asset?.status])).toEqual([
      ['asset.created', 'uploading'],
      ['asset.playable', 'playable'],
      ['asset.ready', 'ready'],
      ['asset.deleted', 'ready'],
    ]);
  });

  test('goes only to the endpoints that listen to it', async () => {
    await listen({ events: ['asset.errored'] });
    await listen({ url: receiver.url('/all') });
    const assetId = await make();
    await server.assets.fail(assetId, { code: 'SOURCE_EMPTY', says: 'empty' });
    server.signals.notify(ASSETS);
    expect((await receiver.until(2, '/all')).map(({ message }) => message.type).sort()).toEqual([
      'asset.created',
      'asset.errored',
    ]);
    const { message } = only(await receiver.until(1));
    expect(message).toMatchObject({ type: 'asset.errored', data: { asset: { error: { code: 'SOURCE_EMPTY' } } } });
  });

  test('that happened while nobody ran is told at the next start', async () => {
    await listen({ events: ['asset.created'] });
    await server.stop();
    const database = await openDatabase(folder);
    const assets = new AssetRepository(database, clock);
    await assets.create({ id: 'as_bbbbbbbbbbbbbbbb', title: 'x', policy: 'public', sourceName: 'x' });
    await database.destroy();
    await start();
    expect(only(await receiver.until(1)).message.data.asset?.assetId).toBe('as_bbbbbbbbbbbbbbbb');
  });
});

describe('an endpoint that is down', () => {
  const down = () => {
    receiver.answer = (response) => response.writeHead(503).end();
  };
  const up = () => {
    receiver.answer = (response) => response.writeHead(200).end();
  };

  test('for five minutes loses nothing: the same event comes again until it is taken', async () => {
    const webhook = await listen();
    down();
    await make();
    await log.until(RETRY, 1);
    expect(only(await deliveriesOf(webhook))).toMatchObject({
      status: 'pending',
      attempts: 1,
      responseStatus: 503,
      nextAttemptAt: expect.any(String),
    });
    for (let failed = 2; failed <= 6; failed++) {
      later(MINUTE_MS * 3);
      await log.until(RETRY, failed);
    }
    up();
    later(MINUTE_MS * 6);
    await log.until(DELIVERED);
    const attempts = await receiver.until(7);
    const same = ({ headers, message, body }: Received) =>
      [headers['frontrow-event-id'], headers['frontrow-delivery-id'], message.id, body].join('\n');
    expect(new Set(attempts.map(same)).size).toBe(1);
    // Signed anew each time: an endpoint refuses a signature that is minutes old.
    expect(new Set(attempts.map(({ headers }) => headers['frontrow-signature'])).size).toBe(7);
    expect(only(await deliveriesOf(webhook))).toMatchObject({ status: 'delivered', attempts: 7, responseStatus: 200 });
  });

  test('is not called before its pause is over', async () => {
    await listen();
    down();
    await make();
    await log.until(RETRY, 1);
    later(3_999);
    // Another endpoint's message shows that the courier has looked and passed this one over.
    const other = await listen({ url: receiver.url('/other') });
    await server.call(`/v1/webhooks/${other.webhookId}/test`, { method: 'POST' });
    await receiver.until(1, '/other');
    only(await receiver.until(1));
    later(2_001);
    await receiver.until(2);
  });

  test('for more than a day is given up after 23 attempts, and can be told by hand later', async () => {
    const webhook = await listen();
    down();
    await make();
    for (let attempt = 1; attempt < 23; attempt++) {
      await log.until(RETRY, attempt);
      later(3 * HOUR_MS);
    }
    await log.until(GIVEN_UP);
    const failed = only(await deliveriesOf(webhook));
    expect(failed).toMatchObject({ status: 'failed', attempts: 23, responseStatus: 503 });
    expect(failed).not.toHaveProperty('nextAttemptAt');
    expect(await server.queue.remaining(webhook.webhookId, ['webhook'])).toBe(0);

    up();
    const path = `/v1/webhooks/${webhook.webhookId}/deliveries/${failed.deliveryId}/replay`;
    const replay = await server.call(path, { method: 'POST' });
    expect(replay.status).toBe(202);
    const again = (await replay.json()) as DeliveryBody;
    await log.until(DELIVERED);
    const told = (await receiver.until(24)).at(-1);
    expect(told?.headers).toMatchObject({
      'frontrow-event-id': failed.eventId,
      'frontrow-delivery-id': again.deliveryId,
    });
    expect(again.deliveryId).not.toBe(failed.deliveryId);
    expect((await deliveriesOf(webhook)).map(({ status }) => status).sort()).toEqual(['delivered', 'failed']);
  });

  test('is not called again by a server that broke down over every attempt', async () => {
    const webhook = await listen();
    down();
    await make();
    await log.until(RETRY);
    const database = await openDatabase(folder);
    await database
      .updateTable('jobs')
      .set({ attempts: LOST_ATTEMPTS * 23 })
      .where('kind', '=', 'webhook')
      .execute();
    await database.destroy();
    later(MINUTE_MS);
    await log.until(GIVEN_UP);
    expect(only(await deliveriesOf(webhook))).toMatchObject({ status: 'failed', failure: 'INTERNAL' });
    expect(receiver.received).toHaveLength(1);
  });

  test('and then disabled is told no more of what was under way', async () => {
    const webhook = await listen();
    down();
    await make();
    await log.until(RETRY);
    const path = `/v1/webhooks/${webhook.webhookId}`;
    await server.call(path, { method: 'PATCH', json: { enabled: false } });
    later(MINUTE_MS);
    await log.until(GIVEN_UP);
    expect(only(await deliveriesOf(webhook))).toMatchObject({ status: 'failed', failure: 'WEBHOOK_DISABLED' });
    expect(receiver.received).toHaveLength(1);
  });

  test('gets what it missed also when the server is started anew in between', async () => {
    const webhook = await listen({ events: ['asset.created'] });
    down();
    await make();
    await log.until(RETRY);
    const before = only(await receiver.until(1));
    await restart();
    up();
    later(MINUTE_MS);
    await log.until(DELIVERED);
    const [, after] = await receiver.until(2);
    expect(after?.message.id).toBe(before.message.id);
    expect(only(await deliveriesOf(webhook))).toMatchObject({ status: 'delivered', attempts: 2 });
  });

  test('and slow holds up no other: two calls at once are all it gets', async () => {
    const slow = await listen();
    const quick = await listen({ url: receiver.url('/quick') });
    receiver.answer = (response, { path }) => {
      if (path === '/quick') response.end();
    };
    const ping = ({ webhookId }: WebhookBody) => server.call(`/v1/webhooks/${webhookId}/test`, { method: 'POST' });
    for (let count = 0; count < 20; count++) await ping(slow);
    await ping(quick);
    await receiver.until(1, '/quick');
    expect(await receiver.until(2)).toHaveLength(2);
  });
});

describe('an answer', () => {
  test('that takes too long counts as none', async () => {
    await restart({ webhookTimeoutMs: 100 });
    const webhook = await listen();
    receiver.answer = () => {};
    await make();
    await log.until(RETRY);
    expect(only(await deliveriesOf(webhook))).toMatchObject({ status: 'pending', failure: 'WEBHOOK_TIMEOUT' });
  });

  test('from nowhere counts as none', async () => {
    const webhook = await listen({ url: 'http://127.0.0.1:1/' });
    await make();
    await log.until(RETRY);
    expect(only(await deliveriesOf(webhook))).toMatchObject({ status: 'pending', failure: 'WEBHOOK_UNREACHABLE' });
  });

  test('that redirects is not followed', async () => {
    const webhook = await listen();
    receiver.answer = (response) => response.writeHead(307, { location: receiver.url('/elsewhere') }).end();
    await make();
    await log.until(RETRY);
    expect(only(await deliveriesOf(webhook))).toMatchObject({ status: 'pending', responseStatus: 307 });
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook']);
  });

  test('without end is cut off, and counts by its status', async () => {
    const webhook = await listen();
    const { promise: cutOff, resolve } = Promise.withResolvers<void>();
    receiver.answer = (response) => {
      response.once('close', resolve);
      response.writeHead(202);
      const pour = () => {
        while (response.write(Buffer.alloc(1_024))) if (response.destroyed) return;
        response.once('drain', pour);
      };
      pour();
    };
    await make();
    await log.until(DELIVERED);
    await cutOff;
    expect(only(await deliveriesOf(webhook))).toMatchObject({ status: 'delivered', responseStatus: 202 });
  });

  test('of 410 disables the endpoint, until somebody enables it again', async () => {
    const webhook = await listen();
    const path = `/v1/webhooks/${webhook.webhookId}`;
    receiver.answer = (response) => response.writeHead(410).end();
    await make();
    await log.until(GIVEN_UP);
    expect(await (await server.call(path)).json()).toMatchObject({ enabled: false });
    const { deliveryId } = only(await deliveriesOf(webhook));
    for (const refused of [`${path}/test`, `${path}/deliveries/${deliveryId}/replay`]) {
      const response = await server.call(refused, { method: 'POST' });
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([409, 'WEBHOOK_DISABLED']);
    }
    await server.call(path, { method: 'PATCH', json: { enabled: true } });
    receiver.answer = (response) => response.end();
    await server.call(`${path}/test`, { method: 'POST' });
    expect((await receiver.until(2)).map(({ message }) => message.type)).toEqual(['asset.created', 'ping']);
  });
});

describe('an endpoint', () => {
  const problem = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];

  test('inside a network is refused by its address, by its name at every attempt', async () => {
    await restart({ webhookAllowPrivate: false });
    for (const url of ['http://127.0.0.1/', 'http://[::1]/', 'http://169.254.169.254/', receiver.url()]) {
      const response = await server.call('/v1/webhooks', { json: { url } });
      expect(await problem(response)).toEqual([422, 'WEBHOOK_ADDRESS_REFUSED']);
    }
    const webhook = await listen({ url: receiver.url().replace('127.0.0.1', 'localhost') });
    await make();
    await log.until(RETRY);
    expect(only(await deliveriesOf(webhook))).toMatchObject({ failure: 'WEBHOOK_ADDRESS_REFUSED' });
    expect(receiver.received).toEqual([]);
    const moved = await server.call(`/v1/webhooks/${webhook.webhookId}`, {
      method: 'PATCH',
      json: { url: 'http://10.0.0.1/' },
    });
    expect(await problem(moved)).toEqual([422, 'WEBHOOK_ADDRESS_REFUSED']);
  });

  test('has a secret that is shown once: not in lists, logs or a repeated answer', async () => {
    const create = () =>
      server.call('/v1/webhooks', { json: { url: receiver.url() }, headers: { 'idempotency-key': 'one' } });
    const made = (await (await create()).json()) as WebhookBody;
    const { webhookId, secret, ...rest } = made;
    expect(secret).toMatch(/^whsec_/);
    expect(await (await create()).json()).toEqual({ webhookId, ...rest });
    receiver.answer = (response) => response.writeHead(500).end();
    await make();
    await log.until(RETRY);
    const shown = await Promise.all(
      ['/v1/webhooks', `/v1/webhooks/${webhookId}`, `/v1/webhooks/${webhookId}/deliveries`].map(async (path) =>
        (await server.call(path)).text(),
      ),
    );
    const signature = String(receiver.received[0]?.headers['frontrow-signature']);
    const logged = inspect(log.lines, { depth: 20 });
    for (const text of [...shown, logged]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(signature);
    }
  });

  test('that is deleted takes its deliveries along', async () => {
    const webhook = await listen();
    receiver.answer = (response) => response.writeHead(500).end();
    await make();
    await log.until(RETRY);
    const path = `/v1/webhooks/${webhook.webhookId}`;
    expect((await server.call(path, { method: 'DELETE' })).status).toBe(204);
    expect(await server.queue.remaining(webhook.webhookId, ['webhook'])).toBe(0);
    for (const [method, gone] of [
      ['GET', path],
      ['DELETE', path],
      ['GET', `${path}/deliveries`],
      ['POST', `${path}/test`],
      ['PATCH', path],
    ] as const) {
      const response = await server.call(gone, { method, ...(method === 'PATCH' ? { json: { enabled: true } } : {}) });
      expect(await problem(response)).toEqual([404, 'NOT_FOUND']);
    }
  });

  test('is given only by a web address without a password, and filters that exist', async () => {
    for (const url of ['ftp://example.com/', 'example.com', 'https://me:secret@example.com/']) {
      const response = await server.call('/v1/webhooks', { json: { url } });
      expect(await problem(response)).toEqual([422, 'WEBHOOK_URL_INVALID']);
    }
    const url = 'https://example.com/';
    for (const json of [
      {},
      { url, events: ['ping'] },
      { url, events: [] },
      { url, secret: 'mine' },
      { url: `${url}${'a'.repeat(2_000)}` },
      { url, description: 'a'.repeat(201) },
    ]) {
      expect(await problem(await server.call('/v1/webhooks', { json }))).toEqual([400, 'INVALID_REQUEST']);
    }
  });

  test('is read and changed by tokens of its scopes only', async () => {
    const { webhookId } = await listen();
    const read = server.tokenFor('webhooks:read');
    const write = server.tokenFor('webhooks:write');
    const change = { method: 'PATCH', json: { enabled: false } };
    const path = `/v1/webhooks/${webhookId}`;
    const statuses = async (...calls: Promise<Response>[]) => (await Promise.all(calls)).map(({ status }) => status);
    expect(
      await statuses(
        server.call(path, { token: read }),
        server.call(path, { token: write }),
        server.call(path, { ...change, token: read }),
        server.call(path, { ...change, token: write }),
        server.call(path, { token: null }),
      ),
    ).toEqual([200, 403, 403, 200, 401]);
  });

  test('number 101 is refused', async () => {
    const create = () => server.call('/v1/webhooks', { json: { url: 'https://example.com/' } });
    for (let count = 0; count < 100; count++) expect((await create()).status).toBe(201);
    expect(await problem(await create())).toEqual([409, 'CONFLICT']);
  });

  test('lists its deliveries page by page', async () => {
    const { webhookId } = await listen();
    for (let count = 0; count < 3; count++) await server.call(`/v1/webhooks/${webhookId}/test`, { method: 'POST' });
    const path = `/v1/webhooks/${webhookId}/deliveries?limit=2`;
    const first = (await (await server.call(path)).json()) as { items: DeliveryBody[]; nextCursor: string };
    const second = await server.call(`${path}&cursor=${first.nextCursor}`);
    const last = (await second.json()) as { items: DeliveryBody[]; nextCursor: null };
    expect([first.items.length, last.items.length, last.nextCursor]).toEqual([2, 1, null]);
    expect(new Set([...first.items, ...last.items].map(({ deliveryId }) => deliveryId)).size).toBe(3);
  });
});
