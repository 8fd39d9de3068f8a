import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { type Asset, Frontrow, FrontrowError, type NewToken, type Webhook } from '../../src/client/index.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';

let server: ControlServer;
let frontrow: Frontrow;

beforeAll(async () => {
  server = await startControl({ settings: { webhookAllowPrivate: true } });
  frontrow = new Frontrow({ url: `${server.url}/`, token: server.adminToken });
});

afterAll(async () => {
  await server.stop();
});

/** A server between the client and control that does as a test says. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const between: Server[] = [];

async function clientOf(answer: Answer, options: { retries?: number } = {}): Promise<Frontrow> {
  const listener = createServer(answer).listen(0, '127.0.0.1');
  between.push(listener);
  await new Promise((resolve) => listener.once('listening', resolve));
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return new Frontrow({ url, token: server.adminToken, ...options });
}

afterEach(() => {
  for (const listener of between.splice(0)) {
    listener.closeAllConnections();
    listener.close();
  }
});

/** Hands a request on to control, as a proxy would. */
async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { host: _, connection: _c, 'content-length': _l, ...headers } = request.headers;
  const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
  const method = request.method ?? 'GET';
  const answer = await fetch(server.url + request.url, { method, headers: headers as Record<string, string>, ...body });
  const { 'transfer-encoding': _t, ...fields } = Object.fromEntries(answer.headers);
  response.writeHead(answer.status, fields).end(Buffer.from(await answer.arrayBuffer()));
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe('the client', () => {
  test('makes, shows, changes and deletes', async () => {
    const body = { url: 'http://127.0.0.1:9/hook', events: ['asset.ready'] as const };
    const { webhookId, secret } = await frontrow.post('/v1/webhooks', { body });
    expect(secret).toMatch(/^whsec_/);
    const path = { webhookId };
    await frontrow.patch('/v1/webhooks/{webhookId}', { path, body: { enabled: false } });
    expect(await frontrow.get('/v1/webhooks/{webhookId}', { path })).toMatchObject({ enabled: false });
    expect(await frontrow.delete('/v1/webhooks/{webhookId}', { path })).toBeUndefined();
    expect(await failureOf(frontrow.get('/v1/webhooks/{webhookId}', { path }))).toMatchObject({ status: 404 });
  });

  test('throws what the server says, with its code', async () => {
    const error = await failureOf(frontrow.get('/v1/assets/{assetId}', { path: { assetId: 'as_none' } }));
    expect(error).toBeInstanceOf(FrontrowError);
    expect(error).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
      says: 'There is no asset with this id.',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('walks a list over all its pages', async () => {
    for (let count = 0; count < 5; count += 1) await server.call('/v1/assets', { body: `film ${count}` });
    const seen: string[] = [];
    for await (const asset of frontrow.items('/v1/assets', { query: { limit: 2 } })) seen.push(asset.assetId);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThanOrEqual(5);
  });

  test('reads a document with its ETag, and overwrites nobody else by it', async () => {
    const config = {
      origins: [{ id: 'o', domainName: 'o.example' }],
      defaultCacheBehavior: { targetOriginId: 'o' },
    };
    const { id } = await frontrow.post('/v1/distributions', { body: config });
    const { body, etag } = await frontrow.read('/v1/distributions/{id}', { path: { id } });
    expect(etag).toBe(body.etag);
    const change = { path: { id }, body: { ...config, comment: 'changed' }, ...(etag ? { ifMatch: etag } : {}) };
    expect(await frontrow.put('/v1/distributions/{id}', change)).toMatchObject({ config: { comment: 'changed' } });
    expect(await failureOf(frontrow.put('/v1/distributions/{id}', change))).toMatchObject({
      status: 412,
      code: 'IF_MATCH_STALE',
    });
  });

  test('keeps a value from becoming another path', async () => {
    const path = { assetId: '../tokens' };
    expect(await failureOf(frontrow.get('/v1/assets/{assetId}', { path }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failureOf(frontrow.get('/v1/assets/{assetId}', { path: { assetId: '' } }))).toBeInstanceOf(TypeError);
  });

  test('uploads a film in pieces, and goes on where one broke off', async () => {
    const film = new Blob([Buffer.alloc(100_000, 'film')]);
    let pieces = 0;
    const shaky = await clientOf((request, response) => {
      pieces += request.method === 'PATCH' ? 1 : 0;
      if (request.method === 'PATCH' && pieces === 2) request.socket.destroy();
      else void pass(request, response);
    });
    const progress: number[] = [];
    const onProgress = (sent: number) => progress.push(sent);
    const labels = { title: 'Häfen', policy: 'signed' } as const;
    const asset = await shaky.upload(film, labels, { pieceBytes: 40_000, onProgress });
    expect(asset).toMatchObject({ title: 'Häfen', policy: 'signed', source: { sizeBytes: 100_000 } });
    expect(progress.at(0)).toBe(0);
    expect(progress.at(-1)).toBe(100_000);
  });
});

describe('a server that is busy', () => {
  test('is asked again after the time it names, and a POST keeps its key', async () => {
    const keys: unknown[] = [];
    const busy = await clientOf((request, response) => {
      keys.push(request.headers['idempotency-key']);
      if (keys.length < 3) response.writeHead(keys.length === 1 ? 503 : 429, { 'retry-after': '0' }).end();
      else void pass(request, response);
    });
    const body: NewToken = { name: 'once', scopes: ['assets:read'] };
    expect(await busy.post('/v1/tokens', { body })).toMatchObject({ name: 'once' });
    expect(new Set(keys).size).toBe(1);
    const tokens = await frontrow.get('/v1/tokens');
    expect(tokens.items.filter(({ name }) => name === 'once')).toHaveLength(1);
  });

  test('is given up after so many attempts', async () => {
    let asked = 0;
    const busy = await clientOf(
      (_, response) => {
        asked += 1;
        response.writeHead(503, { 'retry-after': '0' }).end();
      },
      { retries: 2 },
    );
    expect(await failureOf(busy.get('/v1/ladders'))).toMatchObject({ status: 503, code: 'UNEXPECTED_ANSWER' });
    expect(asked).toBe(3);
  });

  test('that asks for more patience than a minute is not waited for', async () => {
    const busy = await clientOf((_, response) => response.writeHead(429, { 'retry-after': '3600' }).end());
    expect(await failureOf(busy.get('/v1/ladders'))).toMatchObject({ status: 429 });
  });

  test('is not waited for by who has left', async () => {
    const leaving = new AbortController();
    const busy = await clientOf((_, response) => {
      response.writeHead(503, { 'retry-after': '30' }).end();
      setImmediate(() => leaving.abort());
    });
    expect(await failureOf(busy.get('/v1/ladders', { signal: leaving.signal }))).toMatchObject({ name: 'AbortError' });
  });

  test('that is not there is said by its address', async () => {
    const nobody = new Frontrow({ url: 'http://127.0.0.1:9', token: 'x', retries: 0 });
    expect(await failureOf(nobody.get('/v1/ladders'))).toMatchObject({ status: 0, code: 'UNREACHABLE' });
  });
});

test('a path has the types of its operation', () => {
  expectTypeOf(frontrow.get<'/v1/assets/{assetId}'>).returns.resolves.toEqualTypeOf<Asset>();
  expectTypeOf(frontrow.get<'/v1/webhooks'>).returns.resolves.toEqualTypeOf<{ readonly items: readonly Webhook[] }>();
  // @ts-expect-error a path that GET does not know
  void (() => frontrow.get('/v1/sessions'));
  // @ts-expect-error a path without its part
  void (() => frontrow.get('/v1/assets/{assetId}'));
  // @ts-expect-error a scope that is none
  void (() => frontrow.post('/v1/tokens', { body: { name: 'x', scopes: ['assets'] } }));
});
