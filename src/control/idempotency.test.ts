import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { honourIdempotencyKeys } from './idempotency.ts';

const MARY = { tokenId: 'tok_mary', expiresAtMs: 0, scopes: [], actor: { kind: 'token' } } as const;

/** A request that has come as far as its work. */
interface Begun {
  readonly gone: Promise<unknown>;
  readonly finish: () => void;
}

let app: FastifyInstance;
let port: number;
let begun: (work: Begun) => void;
let asked: number;

beforeEach(async () => {
  const kept = new Map<string, { requestHash: string; status: number; body: string }>();
  app = fastify({ forceCloseConnections: true });
  app.decorateRequest('bearer', null);
  app.addHook('onRequest', async (request) => {
    request.bearer = MARY;
    asked += 1;
  });
  honourIdempotencyKeys(app, {
    find: async (id) => kept.get(id),
    keep: async (id, answer) => void kept.set(id, answer),
  });
  app.post('/', async (request, reply) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    begun({ gone: once(request.raw.socket, 'close'), finish: resolve });
    await promise;
    return reply.code(201).send({ made: true });
  });
  begun = () => {};
  asked = 0;
  await app.listen({ port: 0, host: '127.0.0.1' });
  ({ port } = app.server.address() as AddressInfo);
});
afterEach(() => app.close());

const HEADERS = { 'idempotency-key': 'k', 'content-type': 'application/json' };
const again = () => fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: HEADERS, body: '{}' });

function ask(): Socket {
  const head = Object.entries({ host: 'x', ...HEADERS, 'content-length': '2' });
  const socket = connect(port, '127.0.0.1');
  socket.write(`POST / HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n{}`);
  return socket;
}

const nextWork = () => new Promise<Begun>((resolve) => (begun = resolve));

test('whoever asks again after his connection broke gets the answer of the work that went on', async () => {
  const coming = nextWork();
  const socket = ask();
  const work = await coming;
  socket.destroy();
  await work.gone;
  work.finish();
  const answer = await again();
  expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
});

test('whoever goes while he waits for his own earlier request keeps nobody else from it', async () => {
  const coming = nextWork();
  ask();
  const work = await coming;
  const waiting = ask();
  await expect.poll(() => asked).toBe(2);
  waiting.destroy();
  await once(waiting, 'close');
  work.finish();
  const answer = await again();
  expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
});
