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

beforeEach(async () => {
  asked = [];
  node = createServer((request, response) => asked.push({ request, response })).listen(0, '127.0.0.1');
  await once(node, 'listening');
  nodeUrl = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
  app = Fastify();
  const stream = () => ({ id: STREAM, ...(nodeUrl ? { nodeUrl } : {}), ownedUntilMs: Date.now() + 60_000 });
  mountLiveProxy(app, {
    streams: { find: async () => stream() as never },
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

test('what was passed on once, or is of this node, is answered here', async () => {
  const passedOn = await fetch(`${origin}${PLAYLIST}`, { headers: { 'frontrow-passed-on': '1' } });
  expect(await passedOn.text()).toBe('of this node');
  nodeUrl = undefined;
  expect(await (await fetch(`${origin}/live/ls_bbbbbbbbbbbbbbbb/master.m3u8`)).text()).toBe('of this node');
  expect(asked).toEqual([]);
});
