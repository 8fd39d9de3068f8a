import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mountLiveProxy } from '../../src/origin/live-proxy.ts';

const STREAM = 'ls_abcdefghjkmnpqrs';
const PLAYLIST = `/live/${STREAM}/b1/720p/index.m3u8`;

let node: Server;
let asked: { readonly request: IncomingMessage; readonly response: ServerResponse }[];
let app: FastifyInstance;
let origin: string;
let nodeUrl: string | undefined;
/** Requests that came in at this node, and those of them whose connection has ended. */
let joined: number;
let gone: number;
let lookingUp: Promise<void>;

beforeEach(async () => {
  asked = [];
  [joined, gone, lookingUp] = [0, 0, Promise.resolve()];
  node = createServer((request, response) => asked.push({ request, response })).listen(0, '127.0.0.1');
  await once(node, 'listening');
  nodeUrl = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
  app = Fastify();
  const stream = () => ({ id: STREAM, ...(nodeUrl ? { nodeUrl } : {}), ownedUntilMs: Date.now() + 60_000 });
  app.addHook('onRequest', async (_, reply) => {
    joined += 1;
    reply.raw.once('close', () => {
      gone += 1;
    });
  });
  mountLiveProxy(app, {
    streams: { find: () => lookingUp.then(() => stream() as never) },
    ownUrl: () => origin,
    sign: (method, target) => ({ 'frontrow-edge-signature': `${method} ${target}` }),
    clock: { now: () => Date.now() },
  });
  app.get('/live/*', async () => 'of this node');
  origin = await app.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  node.closeAllConnections();
  node.close();
  await app.close();
});

const arrival = async () => {
  while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  return asked[0] as (typeof asked)[number];
};

test('a request for a stream of another node is answered by that node, held for as long as it takes', async () => {
  const answer = fetch(`${origin}${PLAYLIST}?_HLS_msn=4&_HLS_part=1`, { headers: { 'accept-encoding': 'gzip' } });
  const { request, response } = await arrival();
  const target = `${PLAYLIST}?_HLS_msn=4&_HLS_part=1`;
  expect(request.url).toBe(target);
  expect(request.headers).toMatchObject({ 'frontrow-edge-signature': `GET ${target}`, 'frontrow-passed-on': '1' });
  response.writeHead(200, { 'cache-control': 'public, max-age=12', etag: '"a"' }).end('a playlist');
  const got = await answer;
  expect([got.status, got.headers.get('cache-control'), got.headers.get('etag')]).toEqual([
    200,
    'public, max-age=12',
    '"a"',
  ]);
  expect(await got.text()).toBe('a playlist');
});

test('an asker that leaves takes its request at the other node along', async () => {
  const departure = new AbortController();
  const answer = fetch(`${origin}${PLAYLIST}`, { signal: departure.signal });
  answer.catch(() => {});
  const { response } = await arrival();
  const closed = once(response, 'close');
  departure.abort();
  await closed;
  expect(response.writableFinished).toBe(false);
});

test('what several wait for at once is asked once, and for as long as one of them is there', async () => {
  const target = `${origin}${PLAYLIST}?_HLS_msn=4&_HLS_part=1`;
  const departures = [new AbortController(), new AbortController()];
  const leaving = departures.map(({ signal }) => fetch(target, { signal }).catch(() => 'left'));
  const staying = fetch(target);
  const { response } = await arrival();
  await expect.poll(() => joined).toBe(3);
  for (const departure of departures) departure.abort();
  expect(await Promise.all(leaving)).toEqual(['left', 'left']);
  response.writeHead(200, { etag: '"a"' }).end('a playlist');
  const got = await staying;
  expect([got.headers.get('etag'), await got.text(), asked.length]).toEqual(['"a"', 'a playlist', 1]);
  const again = fetch(target);
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.response.end('the next one');
  expect(await (await again).text()).toBe('the next one');
});

test('what all who waited have left is asked no more, and asked anew for who comes then', async () => {
  const target = `${origin}${PLAYLIST}?_HLS_msn=4`;
  const departure = new AbortController();
  const leaving = [1, 2].map(() => fetch(target, { signal: departure.signal }).catch(() => 'left'));
  const { response } = await arrival();
  await expect.poll(() => joined).toBe(2);
  const closed = once(response, 'close');
  departure.abort();
  await Promise.all(leaving);
  await closed;
  const late = fetch(target);
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.response.end('a playlist');
  expect(await (await late).text()).toBe('a playlist');
});

test('what one alone may be told, and what is large, is asked for each', async () => {
  const targets = [
    fetch(`${origin}${PLAYLIST}`, { headers: { 'if-none-match': '"a"', 'accept-encoding': 'identity' } }),
    fetch(`${origin}${PLAYLIST}`, { headers: { 'accept-encoding': 'gzip' } }),
    fetch(`${origin}${PLAYLIST}`, { headers: { 'accept-encoding': 'identity' } }),
    ...[1, 2].map(() => fetch(`${origin}${PLAYLIST.replace('index.m3u8', '1/s00001.m4s')}`)),
  ];
  await expect.poll(() => asked.length).toBe(5);
  for (const { response } of asked) response.end('own');
  expect(await Promise.all(targets.map(async (each) => (await each).text()))).toEqual(Array(5).fill('own'));
});

test('who leaves while it is looked up where a stream is, has nobody asked', async () => {
  const found = Promise.withResolvers<void>();
  lookingUp = found.promise;
  const departure = new AbortController();
  const leaving = fetch(`${origin}${PLAYLIST}`, { signal: departure.signal }).catch(() => 'left');
  await expect.poll(() => joined).toBe(1);
  departure.abort();
  expect(await leaving).toBe('left');
  await expect.poll(() => gone).toBe(1);
  found.resolve();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked.filter(({ response }) => !response.destroyed)).toEqual([]);
});

test('what was passed on once, or is of this node, is answered here', async () => {
  const passedOn = await fetch(`${origin}${PLAYLIST}`, { headers: { 'frontrow-passed-on': '1' } });
  expect(await passedOn.text()).toBe('of this node');
  nodeUrl = undefined;
  expect(await (await fetch(`${origin}/live/ls_bbbbbbbbbbbbbbbb/master.m3u8`)).text()).toBe('of this node');
  expect(asked).toEqual([]);
});
