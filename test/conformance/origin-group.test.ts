import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import { ScriptedOrigin } from '../harness/origin.ts';
import { exchangeBytes } from '../harness/raw-viewer.ts';
import { RecordingLog } from '../harness/recording-log.ts';

const FRESH = { 'Cache-Control': 'max-age=60' };
/** So short that an origin which never answers costs a test little. */
const QUICK = { originConnectMs: 200, originFirstByteMs: 200 };

let s: EdgeScenario;
let second: ScriptedOrigin;
let clock: HandClock;
const others: { stop(): unknown }[] = [];

beforeEach(async () => {
  clock = new HandClock();
  second = await new ScriptedOrigin().start();
  await begin();
});
afterEach(async () => {
  await Promise.all([s.stop(), second.stop(), ...others.splice(0).map((each) => each.stop())]);
});

async function begin(settings: Partial<Settings> = {}, options: { originUrl?: string; log?: RecordingLog } = {}) {
  await s?.stop();
  s = await new EdgeScenario({
    ...options,
    clock,
    standbys: [second.url],
    settings: { ...QUICK, ...settings },
  }).start();
}

/** A server that does with each connection what is said. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  others.push({
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

/** An address at which nobody listens. */
async function nobody(): Promise<string> {
  const url = await rawServer(() => {});
  others.pop()?.stop();
  return url;
}

describe('the next origin is asked', () => {
  test.each([500, 502, 503, 504])('on a %i, of which nothing reaches the viewer', async (status) => {
    s.origin.serve('/a', { status, headers: { ...FRESH, 'X-From': 'first', ETag: '"first"' }, body: 'of the first' });
    second.serve('/a', { headers: FRESH, body: 'of the second' });
    const answer = await s.get('/a');
    expect([answer.status, answer.body.toString()]).toEqual([200, 'of the second']);
    expect([answer.headers['x-from'], answer.headers.etag]).toEqual([undefined, undefined]);
    expect((await s.get('/a')).headers['x-cache']).toBe('Hit from frontrow');
    expect([s.origin.count('/a'), second.count('/a')]).toEqual([1, 1]);
    expect(s.edge.origins.map(({ requests, failures, failovers }) => [requests, failures, failovers])).toEqual([
      [1, 0, 1],
      [1, 0, 0],
    ]);
  });

  test.each([
    ['is not there', nobody],
    ['accepts and says nothing', () => rawServer(() => {})],
    ['hangs up on every request', () => rawServer((socket) => socket.once('data', () => socket.destroy()))],
    ['speaks something else', () => rawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'))],
  ] as const)('when the first one %s', async (_what, start) => {
    await begin({}, { originUrl: await start() });
    second.serve('/a', { headers: FRESH, body: 'of the second' });
    expect((await s.get('/a')).body.toString()).toBe('of the second');
    expect(s.edge.origins.map(({ failures, failovers }) => [failures, failovers])).toEqual([
      [1, 1],
      [0, 0],
    ]);
    await s.settled(1);
    expect(s.facts[0]?.origin).toBe(new URL(second.url).host);
  });

  test('once a connection has been tried as often as the operator says, after growing pauses', async () => {
    await begin({ originConnectAttempts: 3 }, { originUrl: await nobody() });
    second.serve('/a', { body: 'here' });
    const startedAt = performance.now();
    expect((await s.get('/a')).body.toString()).toBe('here');
    expect(performance.now() - startedAt).toBeGreaterThan(290);
    expect(s.edge.origins[0]).toMatchObject({ requests: 1, failures: 1 });
  });

  test('for HEAD and OPTIONS as well', async () => {
    for (const origin of [s.origin, second]) origin.serve('/a', { status: origin === second ? 200 : 503 });
    expect((await s.get('/a', { method: 'HEAD' })).status).toBe(200);
    expect((await s.get('/a', { method: 'OPTIONS' })).status).toBe(200);
  });

  test('on other statuses where the operator says so', async () => {
    s.origin.serve('/a', { status: 404, body: 'not here' });
    second.serve('/a', { body: 'but here' });
    expect((await s.get('/a')).status).toBe(404);
    await begin({ originFailoverStatuses: '404' });
    s.origin.serve('/a', { status: 404, body: 'not here' }).serve('/b', { status: 503 });
    expect((await s.get('/a')).body.toString()).toBe('but here');
    expect((await s.get('/b')).status).toBe(503);
  });

  test('and what the first said before its failure is said to nobody', async () => {
    const [held, next] = [s.origin.hold('/a'), second.hold('/a')];
    const viewer = s.viewer('/a');
    await held.arrived;
    held.inform(103, ['Link', '</first.css>; rel=preload']);
    held.release({ status: 503 });
    await next.arrived;
    next.inform(103, ['Link', '</second.css>; rel=preload']);
    next.release({ body: 'here' });
    const { interims } = await viewer.answer;
    expect(interims).toEqual([[103, 'Link', '</second.css>; rel=preload']]);
  });

  test('and a small answer that nobody gets leaves its connection for the next request', async () => {
    const ports: (number | undefined)[] = [];
    s.origin.script('/a', (_asked, response) => {
      ports.push(response.req.socket.remotePort);
      response.writeHead(503, { 'Content-Length': 4 });
      response.end('away');
    });
    second.serve('/a', { headers: { 'Cache-Control': 'no-store' }, body: 'here' });
    for (let at = 0; at < 3; at += 1) expect((await s.get('/a')).status).toBe(200);
    expect([ports.length, new Set(ports).size]).toEqual([3, 1]);
  });

  test('and a large one is broken off', async () => {
    const held = s.origin.hold('/a');
    second.serve('/a', { body: 'here' });
    const viewer = s.viewer('/a');
    await held.arrived;
    held.head({ status: 503, lengthBytes: 1_000_000_000 });
    expect((await viewer.answer).body.toString()).toBe('here');
    held.write(Buffer.alloc(1_000_000));
    await held.abandoned;
  });
});

describe('the first origin alone is asked', () => {
  test.each([
    ['POST', { method: 'POST', body: 'x' }],
    ['PUT without a body', { method: 'PUT' }],
    ['GET with a body', { method: 'GET', body: 'x', headers: { 'Content-Length': '1' } }],
  ] as const)('for %s, which might be done twice', async (_what, asking) => {
    s.origin.serve('/a', { status: 503, body: 'of the first' });
    const answer = await s.get('/a', asking);
    expect([answer.status, answer.body.toString()]).toEqual([503, 'of the first']);
    expect(second.count('/a')).toBe(0);
  });
});

describe('when all origins fail', () => {
  test('the viewer gets the answer of the last', async () => {
    for (const [origin, body] of [
      [s.origin, 'of the first'],
      [second, 'of the second'],
    ] as const) {
      origin.serve('/a', { status: 503, headers: { 'Retry-After': '7' }, body });
    }
    const answer = await s.get('/a');
    expect([answer.status, answer.headers['retry-after'], answer.body.toString()]).toEqual([503, '7', 'of the second']);
  });

  test('and the last one cannot be reached, the viewer is told that', async () => {
    s.origin.serve('/a', { status: 503, body: 'of the first' });
    await second.stop();
    const answer = await s.get('/a');
    expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([502, 'ORIGIN_UNREACHABLE']);
  });

  test.each([
    ['answering', () => second.serve('/a', { status: 500 })],
    ['silent', () => second.stop()],
  ])('a copy is served around them, the last one %s', async (_how, fail) => {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1' }, body: 'kept' });
    await s.get('/a');
    s.origin.serve('/a', { status: 500 });
    await fail();
    clock.advance(5);
    const answer = await s.get('/a');
    expect([answer.body.toString(), answer.headers['cache-status']]).toEqual([
      'kept',
      expect.stringContaining('detail=origin-failed'),
    ]);
    expect(s.origin.count('/a')).toBe(2);
  });

  test('the time for all of them together is bounded, also where each has time left', async () => {
    const log = new RecordingLog();
    const silent = [await rawServer(() => {}), await rawServer(() => {})] as const;
    await s.stop();
    const settings = { ...QUICK, originFirstByteMs: 400, originTotalMs: 700 };
    s = await new EdgeScenario({ originUrl: silent[0], standbys: [silent[1]], settings, log }).start();
    expect((await s.get('/a')).status).toBe(504);
    expect(log.lines.find(({ says }) => says === 'fill failed')?.fields).toMatchObject({ afterMs: 700 });
  });
});

describe('what an origin is told', () => {
  test("bears the operator's fields, which a viewer can neither give nor take away", async () => {
    await begin({ originHeaders: 'X-Origin-Key: of the operator\nX-Other: more' });
    s.origin.serve('/a', { headers: { 'Cache-Control': 'no-store' }, body: 'x' });
    await s.get('/a', { headers: { 'X-Origin-Key': 'of the viewer', Connection: 'x-origin-key, close' } });
    expect(s.origin.last('/a')?.headers).toMatchObject({ 'x-origin-key': 'of the operator', 'x-other': 'more' });
  });

  test.each([
    ['origin', () => new URL(s.origin.url).host],
    ['viewer', () => 'www.example'],
    ['store.example', () => 'store.example'],
  ])('names the host of %s, and X-Forwarded-Host that of the viewer', async (choice, host) => {
    await begin({ originHostHeader: choice });
    await s.get('/a', { method: 'POST', headers: { Host: 'www.example' } });
    expect(s.origin.last('/a')?.headers).toMatchObject({ host: host(), 'x-forwarded-host': 'www.example' });
  });

  test('an address alone is no name that TLS could check where the viewer’s host is asked for', async () => {
    await begin();
    for (const options of [
      { parents: ['https://10.0.0.5'] },
      { originUrl: 'https://[::1]:8443', settings: { originHostHeader: 'viewer' } },
    ]) {
      const other = new EdgeScenario(options);
      await expect(other.start()).rejects.toThrow(/must have a name/);
      await other.origin.stop();
    }
  });

  test('when it is the host of the viewer, no viewer gets what another host answered', async () => {
    await begin({ originHostHeader: 'viewer' });
    s.origin.script('/a', ({ headers }, response) => {
      response.writeHead(200, FRESH);
      response.end(`of ${headers.host}`);
    });
    const ask = async (Host: string) => {
      const { headers, body } = await s.get('/a', { headers: { Host } });
      return [body.toString(), headers['x-cache']];
    };
    expect(await ask('one.example')).toEqual(['of one.example', 'Miss from frontrow']);
    expect(await ask('two.example')).toEqual(['of two.example', 'Miss from frontrow']);
    expect(await ask('one.example')).toEqual(['of one.example', 'Hit from frontrow']);
    expect(await ask('two.example')).toEqual(['of two.example', 'Hit from frontrow']);
    // The host in the target is the one that counts, whatever the field says.
    const bytes = 'GET http://two.example/a HTTP/1.1\r\nHost: one.example\r\nConnection: close\r\n\r\n';
    expect(await exchangeBytes(s.url, bytes)).toMatch(/of two\.example$/);
    expect(s.origin.count('/a')).toBe(2);
  });

  test('viewers of two hosts who come at once get an answer each, of their own host', async () => {
    await begin({ originHostHeader: 'viewer' });
    s.origin.script('/a', ({ headers }, response) => {
      response.writeHead(200, FRESH);
      response.end(`of ${headers.host}`);
    });
    const hosts = ['one', 'two', 'three', 'one', 'two', 'three'].map((name) => `${name}.example`);
    const answers = await Promise.all(hosts.map((Host) => s.get('/a', { headers: { Host } })));
    expect(answers.map(({ body }) => body.toString())).toEqual(hosts.map((host) => `of ${host}`));
  });
});
