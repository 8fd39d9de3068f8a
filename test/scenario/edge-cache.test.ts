import { afterEach, beforeEach, expect, test } from 'vitest';
import { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';

let s: EdgeScenario;
let clock: HandClock;
beforeEach(async () => {
  clock = new HandClock();
  s = await new EdgeScenario({ clock }).start();
});
afterEach(() => s.stop());

async function last(): Promise<{ verdict: string | undefined; reason: string | undefined }> {
  const { verdict, reason } = s.facts.at(-1) ?? {};
  return { verdict, reason };
}

async function get(target: string, headers: Record<string, string> = {}) {
  const before = s.facts.length;
  const answer = await s.get(target, { headers });
  await s.settled(before + 1);
  return { ...answer, text: answer.body.toString(), ...(await last()) };
}

test('an answer is a hit until its lifetime ends, tells its age, and is revalidated afterwards', async () => {
  s.origin.script('/a', (asked, response) => {
    if (asked.headers['if-none-match'] === '"1"') response.writeHead(304, { 'Cache-Control': 'max-age=20' }).end();
    else response.writeHead(200, { 'Cache-Control': 'max-age=10', ETag: '"1"' }).end('body');
  });
  expect(await get('/a')).toMatchObject({ verdict: 'miss', reason: 'absent' });
  clock.advance(9);
  const hit = await get('/a');
  expect(hit).toMatchObject({ verdict: 'hit', text: 'body' });
  expect(hit.headers).toMatchObject({
    age: '9',
    'cache-status': 'frontrow; hit; ttl=1',
    'x-cache': 'Hit from frontrow',
  });
  clock.advance(1);
  const renewed = await get('/a');
  expect(renewed).toMatchObject({ verdict: 'revalidated', reason: 'not-modified', text: 'body' });
  expect(renewed.headers).toMatchObject({
    'x-cache': 'RefreshHit from frontrow',
    'cache-status': 'frontrow; fwd=stale; fwd-status=304; ttl=20; detail=not-modified',
  });
  clock.advance(19);
  expect(await get('/a')).toMatchObject({ verdict: 'hit', text: 'body' });
  expect(s.origin.count('/a')).toBe(2);
});

test('an origin that has something newer replaces the expired copy', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1', ETag: '"1"' }, body: 'old' });
  await get('/a');
  clock.advance(2);
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1', ETag: '"2"' }, body: 'new' });
  const renewed = await get('/a');
  expect(renewed).toMatchObject({ verdict: 'miss', reason: 'expired', text: 'new' });
  expect(renewed.headers['cache-status']).toBe('frontrow; fwd=stale; stored; detail=expired');
  expect(s.origin.last('/a')?.headers['if-none-match']).toBe('"1"');
});

test.each([
  ['no-store', { 'Cache-Control': 'no-store' }],
  ['private', { 'Cache-Control': 'private, max-age=60' }],
  ['set-cookie', { 'Last-Modified': 'Wed, 01 Apr 2026 00:00:00 GMT', 'Set-Cookie': 'me=1' }],
  ['vary-star', { 'Cache-Control': 'max-age=60', Vary: '*' }],
  ['no-lifetime', {}],
] as const)('an answer is not kept: %s', async (reason, headers) => {
  s.origin.serve('/a', { headers, body: 'each his own' });
  expect(await get('/a')).toMatchObject({ verdict: 'bypass', reason });
  expect(await get('/a')).toMatchObject({ verdict: 'bypass', reason: 'known-uncacheable' });
  expect(s.origin.count('/a')).toBe(2);
  expect(s.edge.usage.entries).toBe(0);
});

test('what was uncacheable for a while and no longer is, is kept again', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'no-store' } });
  await get('/a');
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60' } });
  expect(await get('/a')).toMatchObject({ verdict: 'bypass', reason: 'known-uncacheable' });
  expect(await get('/a')).toMatchObject({ verdict: 'miss' });
  expect(await get('/a')).toMatchObject({ verdict: 'hit' });
});

test('an origin that fails is served around with the expired copy, and left in peace for a moment', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1' }, body: 'copy' });
  await get('/a');
  clock.advance(2);
  s.origin.serve('/a', { status: 500, body: 'broken' });
  const stale = await get('/a');
  expect(stale).toMatchObject({ status: 200, text: 'copy', verdict: 'stale', reason: 'origin-failed' });
  expect(stale.headers['cache-status']).toBe('frontrow; hit; ttl=-1; detail=origin-failed');
  await get('/a');
  expect(s.origin.count('/a')).toBe(2);
  clock.advance(2);
  await get('/a');
  expect(s.origin.count('/a')).toBe(3);
});

test('an origin that is gone is served around within stale-if-error and no longer', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1, stale-if-error=10' }, body: 'copy' });
  await get('/a');
  await s.origin.stop();
  clock.advance(5);
  expect(await get('/a')).toMatchObject({ status: 200, text: 'copy', verdict: 'stale' });
  clock.advance(10);
  expect(await get('/a')).toMatchObject({ status: 502, reason: 'origin-failed' });
});

test('must-revalidate forbids serving around a failed origin', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1, must-revalidate' }, body: 'copy' });
  await get('/a');
  await s.origin.stop();
  clock.advance(5);
  expect(await get('/a')).toMatchObject({ status: 502 });
});

test('stale-while-revalidate serves the expired copy at once and fetches the next behind it', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1, stale-while-revalidate=10' }, body: 'old' });
  await get('/a');
  clock.advance(5);
  const held = s.origin.hold('/a');
  expect(await get('/a')).toMatchObject({ text: 'old', verdict: 'stale', reason: 'while-revalidating' });
  expect(await get('/a')).toMatchObject({ text: 'old', verdict: 'stale' });
  await held.arrived;
  held.release({ headers: { 'Cache-Control': 'max-age=60' }, body: 'new' });
  while (s.edge.usage.fills > 0) await new Promise(setImmediate);
  expect(await get('/a')).toMatchObject({ text: 'new', verdict: 'hit' });
  expect(s.origin.count('/a')).toBe(2);
});

test('an absence is remembered for a second, a failure that says when to come back not at all', async () => {
  expect(await get('/none')).toMatchObject({ status: 404, verdict: 'miss' });
  expect(await get('/none')).toMatchObject({ status: 404, verdict: 'hit' });
  clock.advance(2);
  expect(await get('/none')).toMatchObject({ status: 404, verdict: 'miss' });
  s.origin.serve('/later', { status: 503, headers: { 'Retry-After': '1', 'Cache-Control': 'max-age=60' } });
  await get('/later');
  expect((await get('/later')).headers['retry-after']).toBe('1');
  expect(s.origin.count('/later')).toBe(2);
});

test('HEAD is answered from a stored GET, with its length and without its body', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60' }, body: 'twelve bytes' });
  await get('/a');
  const head = await s.get('/a', { method: 'HEAD' });
  expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '12', 0]);
  expect(s.origin.count('/a')).toBe(1);
});

test('HEAD of something not stored is asked as HEAD and stores nothing', async () => {
  s.origin.script('/a', (_asked, response) => void response.writeHead(200, { 'Content-Length': '12' }).end());
  const head = await s.get('/a', { method: 'HEAD' });
  expect([head.status, head.headers['content-length']]).toEqual([200, '12']);
  expect(s.origin.last('/a')?.method).toBe('HEAD');
  expect(s.edge.usage.entries).toBe(0);
});

test.each([
  ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
  ['bytes=7-', 206, '789', 'bytes 7-9/10'],
  ['bytes=-2', 206, '89', 'bytes 8-9/10'],
  ['bytes=10-', 416, '', 'bytes */10'],
  ['bytes=0-1,3-4', 200, '0123456789', undefined],
  ['chapters=1-2', 200, '0123456789', undefined],
])('Range: %s', async (range, status, body, contentRange) => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60' }, body: '0123456789' });
  const cold = await get('/a', { Range: range });
  const hot = await get('/a', { Range: range });
  for (const answer of [cold, hot]) {
    expect([answer.status, answer.text, answer.headers['content-range']]).toEqual([status, body, contentRange]);
  }
  expect(s.origin.count('/a')).toBe(1);
});

test.each([
  [{ 'If-None-Match': '"1"' }, 304],
  [{ 'If-None-Match': 'W/"1"' }, 304],
  [{ 'If-None-Match': '"2", *' }, 200],
  [{ 'If-None-Match': '"2"' }, 200],
  [{ 'If-Modified-Since': 'Wed, 01 Apr 2026 00:00:00 GMT' }, 304],
  [{ 'If-Modified-Since': 'Tue, 31 Mar 2026 00:00:00 GMT' }, 200],
  [{ 'If-Match': '"1"' }, 200],
  [{ 'If-Range': '"1"', Range: 'bytes=0-0' }, 206],
  [{ 'If-Range': '"2"', Range: 'bytes=0-0' }, 200],
])('conditions %j are judged by the edge', async (headers, status) => {
  s.origin.serve('/a', {
    headers: { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Last-Modified': 'Wed, 01 Apr 2026 00:00:00 GMT' },
    body: 'body',
  });
  expect((await get('/a', headers)).status).toBe(status);
  expect((await get('/a', headers)).status).toBe(status);
  expect(s.origin.count('/a')).toBe(1);
});

test('the whole query is part of the key in front of a foreign origin', async () => {
  s.origin.serve('/a?x=1', { headers: { 'Cache-Control': 'max-age=60' }, body: 'one' });
  s.origin.serve('/a?x=2', { headers: { 'Cache-Control': 'max-age=60' }, body: 'two' });
  expect((await get('/a?x=1')).text).toBe('one');
  expect((await get('/a?x=2')).text).toBe('two');
  expect((await get('/a?x=1')).verdict).toBe('hit');
});

test('a change through the edge makes what is stored old', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60' }, body: 'before' });
  await get('/a');
  s.origin.script('/a', (asked, response) => void response.writeHead(200).end(`took ${asked.body}`));
  expect((await s.get('/a', { method: 'POST', body: 'news' })).body.toString()).toBe('took news');
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60' }, body: 'after' });
  expect(await get('/a')).toMatchObject({ text: 'after', verdict: 'miss' });
});

test('a GET with a body is never answered from memory and never stored', async () => {
  s.origin.script(
    '/a',
    (asked, response) => void response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(asked.body),
  );
  expect((await s.get('/a', { headers: { 'Content-Length': '3' }, body: 'fat' })).body.toString()).toBe('fat');
  expect(await get('/a')).toMatchObject({ verdict: 'miss', text: '' });
});

test('an answer to a request with Authorization is shared only where the origin says so', async () => {
  s.origin.serve('/own', { headers: { 'Cache-Control': 'max-age=60' }, body: 'own' });
  s.origin.serve('/all', { headers: { 'Cache-Control': 'public, max-age=60' }, body: 'all' });
  expect(await get('/own', { Authorization: 'Basic x' })).toMatchObject({ verdict: 'bypass', reason: 'authorization' });
  expect(await get('/all', { Authorization: 'Basic x' })).toMatchObject({ verdict: 'miss' });
  expect(s.origin.last('/all')?.headers.authorization).toBe('Basic x');
  expect(await get('/all')).toMatchObject({ verdict: 'hit' });
});

test('fields about one connection stay on it, in both directions', async () => {
  s.origin.serve('/a', {
    headers: { 'Cache-Control': 'max-age=60', Connection: 'X-Hop', 'X-Hop': 'secret', 'Keep-Alive': 'timeout=9' },
  });
  const answer = await get('/a', { Connection: 'X-Mine', 'X-Mine': 'secret', TE: 'trailers', 'X-Passed': 'on' });
  expect(answer.headers['x-hop']).toBeUndefined();
  const asked = s.origin.last('/a')?.headers ?? {};
  expect([asked['x-mine'], asked.te, asked['x-passed']]).toEqual([undefined, undefined, 'on']);
});

test('the origin is told who asks and through whom', async () => {
  await get('/a', { Via: '1.0 before', 'X-Forwarded-For': '203.0.113.9' });
  const asked = s.origin.last('/a')?.headers ?? {};
  expect(asked.host).toBe(new URL(s.origin.url).host);
  expect(asked['x-forwarded-for']).toBe('127.0.0.1');
  expect(asked.via).toMatch(/^1\.0 before, 1\.1 edge-[0-9a-f]{8} \(Frontrow\)$/);
  await s.get('/a', { method: 'POST', headers: { Host: 'www.example' } });
  const posted = s.origin.last('/a')?.headers ?? {};
  expect([posted['x-forwarded-host'], posted['x-forwarded-proto']]).toEqual(['www.example', 'http']);
});

test('what one viewer says of the address does not reach an origin whose answer is for all', async () => {
  const told = () => {
    const { 'x-forwarded-host': host, 'x-forwarded-proto': scheme } = s.origin.last('/a')?.headers ?? {};
    return [host, scheme];
  };
  await get('/a', { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' });
  expect(told()).toEqual([undefined, 'http']);
  await s.stop();
  s = await new EdgeScenario({ clock, settings: { edgeTrustedProxies: '127.0.0.1' } }).start();
  await get('/a', { Host: 'evil.example', 'X-Forwarded-Proto': 'https' });
  expect(told()).toEqual([undefined, undefined]);
  await s.get('/a', { method: 'HEAD', headers: { Host: 'evil.example' } });
  expect(told()).toEqual([undefined, undefined]);
});

test('a refusal is told to the viewer whose own it is, also when others wait beside him', async () => {
  const held = s.origin.hold('/a');
  const viewers = [s.viewer('/a'), s.viewer('/a', { headers: { Cookie: 'let=in' } })];
  await held.arrived;
  await expect.poll(() => s.edge.readersOf('/a')).toBe(2);
  s.origin.serve('/a', { body: 'yours' });
  held.release({ status: 401, body: 'who are you?' });
  const answers = await Promise.all(viewers.map(({ answer }) => answer));
  expect(answers.map(({ body }) => body.toString()).toSorted()).toEqual(['who are you?', 'yours']);
});

test('a request that has been here already is refused', async () => {
  await get('/a');
  const loop = String(s.origin.last('/a')?.headers['cdn-loop']);
  const refused = await get('/b', { 'CDN-Loop': `other; v=1, ${loop}` });
  expect([refused.status, JSON.parse(refused.text).code]).toEqual([508, 'LOOP_DETECTED']);
});

test('every exchange leaves one fact that tells the way it took', async () => {
  s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60' }, body: 'fact' });
  await get('/a?token=secret');
  await get('/a');
  await s.get('/a');
  await s.settled(3);
  expect(s.facts.map((fact) => fact.path)).toEqual(['/a', '/a', '/a']);
  expect(s.facts[2]).toMatchObject({ status: 200, verdict: 'hit', bytesSent: 4, method: 'GET' });
  expect(s.facts[2]?.trail).toEqual(['receive', 'route', 'lookup', 'shape', 'deliver']);
  expect(s.facts[1]?.trail).toEqual(['receive', 'route', 'lookup', 'join', 'fetch', 'admit', 'shape', 'deliver']);
});

test.each([0, 1, 256, 16_384, 16_385])(
  'a stored body of %i bytes reaches each viewer byte for byte',
  async (sizeBytes) => {
    const body = Buffer.from(Array.from({ length: sizeBytes }, (_, at) => at % 256));
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=10' }, body });
    for (const verdict of ['miss', 'hit', 'hit']) {
      const answer = await get('/a');
      expect(answer.verdict).toBe(verdict);
      expect(answer.headers['content-length']).toBe(`${sizeBytes}`);
      expect(answer.body.equals(body)).toBe(true);
    }
    expect(s.facts.map(({ bytesSent }) => bytesSent)).toEqual([sizeBytes, sizeBytes, sizeBytes]);
  },
);

test('the origin is told the public address where there is one, whatever viewers say', async () => {
  await s.stop();
  s = await new EdgeScenario({ clock, settings: { edgeUrl: 'https://video.example' } }).start();
  s.origin.serve('/a', { body: 'x' });
  await get('/a', { host: 'Video.Example' });
  await get('/b', { host: 'other.example', 'x-forwarded-proto': 'ftp' });
  for (const { headers } of s.origin.asked) {
    expect([headers['x-forwarded-host'], headers['x-forwarded-proto']]).toEqual(['video.example', 'https']);
  }
  await s.get('/a', { method: 'POST', headers: { host: 'other.example', 'x-forwarded-proto': 'https' } });
  expect(s.origin.last('/a')?.headers['x-forwarded-proto']).toBe('http');
});

test('in front of any origin its own /health is reached, and that of the edge has a path apart', async () => {
  s.origin.serve('/health', { body: 'the origin is well' });
  expect((await get('/health')).text).toBe('the origin is well');
  const own = await s.get('/.well-known/frontrow/health');
  expect([own.status, JSON.parse(own.body.toString())]).toEqual([200, { status: 'ok' }]);
  expect(s.origin.count('/.well-known/frontrow/health')).toBe(0);
});
