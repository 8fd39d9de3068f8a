import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askPlace } from '../../src/config/edge-operator.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { type Asking, EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import { PUBLIC, startFilmEdge } from '../harness/film-edge.ts';
import { frontrow } from '../harness/frontrow.ts';
import { Http2Viewer } from '../harness/http2-viewer.ts';
import { exchangeBytes, RawViewer } from '../harness/raw-viewer.ts';

/** What an operator is told: by inspection, by the debug field, and from another machine. */
const TOKEN = 'a token of some length';
const GOOD = TOKEN.replaceAll(' ', '-');
const HOUR = { 'Cache-Control': 'max-age=3600', ETag: '"1"' };
const DISK = { edgeDiskBytes: 33_554_432 };

let s: EdgeScenario;
let clock: HandClock;

async function begin(settings: object = DISK): Promise<void> {
  clock = new HandClock();
  s = await new EdgeScenario({ clock, settings: { edgeOperatorToken: GOOD, ...settings } }).start();
}
afterEach(() => s.stop());

describe('an inspection', () => {
  beforeEach(() => begin());

  async function inspect(url: string, ...headers: string[]) {
    const query = new URLSearchParams({ url });
    for (const header of headers) query.append('header', header);
    const asked = await askPlace({ name: 'edge', folder: s.dataDir }, { method: 'GET', path: `/inspect?${query}` });
    return asked[0]?.answer;
  }

  test('tells what is stored, where, how fresh, how large, and under which tags', async () => {
    s.origin.serve('/a?b=c', {
      headers: { ...HOUR, 'Cache-Control': 'max-age=60, stale-while-revalidate=5', 'Cache-Tag': 'x,y' },
      body: 'body',
    });
    await s.get('/a?b=c');
    await s.edge.written();
    clock.advance(70);
    const lifetime = { freshSeconds: 60, staleWhileRevalidateSeconds: 5, staleIfErrorSeconds: 86_400 };
    const stored = {
      ...{ key: '/a?b=c', kind: 'answer', tiers: ['memory', 'disk'], status: 200, bodyBytes: 4 },
      ...{
        memoryBytes: expect.any(Number),
        ageSeconds: 70,
        freshForSeconds: -10,
        lifetime,
        etag: '"1"',
        tags: ['x', 'y'],
      },
    };
    const body = { path: '/a?b=c', stored: [stored], fills: [], knownUncacheable: false };
    expect(await inspect('https://any.example/a?b=c')).toEqual({ status: 200, body });
    await s.restartEdge();
    const { memoryBytes: _none, ...onDisk } = { ...stored, tiers: ['disk'] };
    expect(await inspect('/a?b=c')).toEqual({ status: 200, body: { ...body, stored: [onDisk] } });
  });

  test('finds the variants that memory has, and on disk that of a viewer', async () => {
    s.origin.script('/v', (asked, response) => {
      response.writeHead(200, { ...HOUR, Vary: 'Accept-Language' }).end(String(asked.headers['accept-language']));
    });
    for (const language of ['de', 'fr-CA']) await s.get('/v', { headers: { 'Accept-Language': language } });
    await s.edge.written();
    const variants = { kind: 'variants', variant: 'accept-language', tiers: ['memory', 'disk'] };
    const variant = (words: string, bodyBytes: number) => ({
      kind: 'answer',
      variant: `accept-language:=${words};q=1`,
      bodyBytes,
    });
    const all = (await inspect('/v'))?.body as { stored: { kind: string }[] };
    expect(all.stored).toEqual(
      expect.arrayContaining(
        [variants, variant('de', 2), variant('fr-ca', 5)].map((each) => expect.objectContaining(each)),
      ),
    );
    await s.restartEdge();
    expect(await inspect('/v', 'Accept-Language: de')).toMatchObject({
      body: { stored: [{ ...variants, tiers: ['disk'] }, variant('de', 2)] },
    });
  });

  test('tells what is on its way, and of a part how much is there', async () => {
    const held = s.origin.hold('/a');
    const viewer = s.viewer('/a');
    await held.arrived;
    clock.advance(3);
    held.head({ headers: HOUR, lengthBytes: 10 });
    held.write('0123');
    await viewer.received(4);
    expect(await inspect('/a')).toMatchObject({
      body: {
        stored: [],
        fills: [{ state: 'flowing', ageSeconds: 3, receivedBytes: 4, declaredBytes: 10, readers: 1 }],
      },
    });
    held.breakOff();
    await viewer.answer.catch(() => {});
    await s.settled(1);
    expect(await inspect('/a')).toMatchObject({
      body: { stored: [{ kind: 'parts', bodyBytes: 10, heldBytes: 4 }], refusal: { reason: 'ORIGIN_TRUNCATED' } },
    });
  });

  test('tells why something is not stored', async () => {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'private' } });
    await s.get('/a');
    const refusal = { reason: 'private', at: '2026-06-01T12:00:00.000Z' };
    expect(await inspect('/a')).toMatchObject({ body: { stored: [], knownUncacheable: true, refusal } });
    expect(await inspect('/never')).toEqual({
      status: 200,
      body: { path: '/never', stored: [], fills: [], knownUncacheable: false },
    });
  });

  test.each([['no path'], ['/a b'], ['']])('refuses %j', async (url) => {
    const code = url === '' ? undefined : 'TARGET_INVALID';
    expect(await inspect(url)).toMatchObject(
      code ? { status: 400, body: { code } } : { status: 200, body: { path: '/' } },
    );
  });

  test('is a table on the command line, or JSON', async () => {
    s.origin.serve('/a', { headers: { ...HOUR, 'Cache-Tag': 'x' }, body: 'body' });
    await s.get('/a');
    await s.edge.written();
    const args = ['edge', 'inspect', '/a', '--data', s.dataDir];
    const { stdout } = await frontrow(args);
    expect(stdout).toContain('edge: /a\nKIND');
    expect(stdout).toMatch(/answer +200 +memory\+disk +4 +0 s +3600 s +0\/86400 s +"1" +x\n/);
    const json = JSON.parse((await frontrow([...args, '--json'])).stdout);
    expect(json.processes[0].stored[0]).toMatchObject({ key: '/a', tags: ['x'] });
  });
});

test('in front of films a signed URL is inspected and invalidated by its path, and its signature told to nobody', async () => {
  const film = await startFilmEdge();
  s = film.s;
  const path = `/assets/${PUBLIC}/v1/360p/s00000.m4s`;
  await s.get(path);
  const url = `https://films.example${path}?Expires=1&Signature=secret&Key-Pair-Id=K`;
  const place = { name: 'edge', folder: s.dataDir };
  const query = new URLSearchParams({ url });
  const [inspected] = await askPlace(place, { method: 'GET', path: `/inspect?${query}` });
  expect(inspected?.answer?.body).toMatchObject({ path, stored: [{ key: path }] });
  expect(JSON.stringify(inspected)).not.toContain('secret');
  const [told] = await askPlace(place, { method: 'POST', path: '/invalidations', body: { paths: [url] } });
  expect(told?.answer?.body).toMatchObject({ targets: [path] });
  expect((await s.get(path)).headers['x-cache']).toBe('Miss from frontrow');
  await film.stop();
  await begin();
});

describe('the debug field', () => {
  beforeEach(() => begin());

  const asking: Asking = { headers: { 'Frontrow-Debug': GOOD } };
  const told = async (target: string, more: Asking = {}) =>
    (await s.get(target, { ...more, headers: { ...more.headers, ...asking.headers } })).headers['frontrow-debug'];

  test('tells the holder of the token where an answer is from', async () => {
    s.origin.serve('/a', { headers: { ...HOUR, 'Cache-Tag': 'x,y' }, body: 'body' });
    expect(await told('/a')).toBe('key="/a", tier=none, status=200, size=4, tags="x y"');
    await s.edge.written();
    clock.advance(10);
    const hit = 'status=200, age=10, fresh-for=3590, size=4, tags="x y"';
    for (const more of [
      {},
      { method: 'HEAD' },
      { headers: { Range: 'bytes=0-1' } },
      { headers: { 'If-None-Match': '"1"' } },
    ]) {
      expect(await told('/a', more)).toBe(`key="/a", tier=memory, ${hit}`);
    }
    await s.restartEdge();
    expect(await told('/a')).toBe(`key="/a", tier=disk, ${hit}`);
  });

  test('is told to nobody else, leaves nothing in what is shared, and never reaches the origin', async () => {
    s.origin.serve('/a', { headers: { ...HOUR, 'Cache-Tag': 'x' }, body: 'body' });
    await told('/a');
    await told('/a');
    for (const token of [undefined, '', 'wrong', `${GOOD}x`, GOOD.replace('a', 'b')]) {
      const { headers } = await s.get('/a', token === undefined ? {} : { headers: { 'Frontrow-Debug': token } });
      expect([headers['frontrow-debug'], headers['cache-tag']]).toEqual([undefined, undefined]);
    }
    await s.get('/b', { method: 'POST', ...asking });
    for (const { headers } of s.origin.asked) expect(headers).not.toHaveProperty('frontrow-debug');
  });

  test('tells of what is stale and of variants, as one line whatever viewers sent', async () => {
    s.origin.serve('/a', { headers: { 'Cache-Control': 'max-age=1, stale-while-revalidate=60', Vary: 'X-A' } });
    const raw = (token = '') => `GET /a HTTP/1.1\r\nHost: a\r\nX-A: "v\u00e9"\r\nConnection: close\r\n${token}\r\n`;
    await exchangeBytes(s.url, raw());
    clock.advance(11);
    const answer = await exchangeBytes(s.url, raw(`Frontrow-Debug: ${GOOD}\r\n`));
    expect(answer).toMatch(
      /\r\nFrontrow-Debug: key="\/a%0a[\w-]+%0ax-a:=%22v%e9%22", tier=memory, status=200, age=11, fresh-for=-10, /,
    );
  });
});

describe('from another machine', () => {
  const bearer = { Authorization: `Bearer ${GOOD}`, 'Content-Type': 'application/json' };
  const remote = '/.well-known/frontrow';

  test('a bearer of the token invalidates and inspects', async () => {
    await begin();
    s.origin.serve('/a', { headers: HOUR, body: 'body' });
    await s.get('/a');
    const inspected = await s.get(`${remote}/inspect?url=/a`, { headers: bearer });
    expect(JSON.parse(inspected.body.toString())).toMatchObject({
      processes: [{ name: 'edge', stored: [{ key: '/a' }] }],
    });
    const told = await s.get(`${remote}/invalidations`, { method: 'POST', headers: bearer, body: '{"paths":["/a"]}' });
    expect([told.status, JSON.parse(told.body.toString())]).toMatchObject([200, { processes: [{ targets: ['/a'] }] }]);
    expect((await s.get('/a')).headers['x-cache']).toBe('Miss from frontrow');
    expect(s.origin.asked.map(({ target }) => target)).toEqual(['/a', '/a']);
  });

  test.each<[string, string, Record<string, string>, string, number, string]>([
    ['no token', '/invalidations', {}, '{"all":true}', 401, 'TOKEN_MISSING'],
    [
      'another token',
      '/invalidations',
      { ...bearer, Authorization: `Bearer ${'x'.repeat(22)}` },
      '{"all":true}',
      401,
      'TOKEN_INVALID',
    ],
    ['no path', '/invalidations', bearer, '{"paths":["a"]}', 400, 'TARGET_INVALID'],
    ['no JSON', '/invalidations', bearer, '{', 400, 'INVALID_REQUEST'],
    ['nothing known', '/elsewhere', bearer, '{}', 404, 'NOT_FOUND'],
    ['nothing known and no token', '/elsewhere', {}, '{}', 401, 'TOKEN_MISSING'],
  ])('refuses with %s', async (_what, path, headers, body, status, code) => {
    await begin();
    const answer = await s.get(remote + path, { method: 'POST', headers, body });
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([status, { code }]);
    expect([s.origin.asked, s.edge.invalidations.state.pending]).toEqual([[], []]);
  });

  test('it is answered here too where the target names the host: no origin sees the token', async () => {
    await begin();
    const viewer = new RawViewer(s.url);
    const host = new URL(s.url).host;
    const target = `${s.url.replace('http', 'HTTP')}${remote}/inspect?url=/a`;
    viewer.send(
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${GOOD}\r\nConnection: close\r\n\r\n`,
    );
    await viewer.closed;
    expect(viewer.received).toMatch(/^HTTP\/1\.1 200 .*"path":"\/a"/s);
    expect(s.origin.asked).toEqual([]);
  });

  test('there is nothing of it without the setting: the path is the origin\u2019s', async () => {
    await begin({ edgeOperatorToken: '' });
    s.origin.serve(`${remote}/inspect`, { body: 'mine' });
    expect((await s.get(`${remote}/inspect`, { headers: bearer })).body.toString()).toBe('mine');
    s.origin.serve('/a', { headers: HOUR });
    for (const token of ['', GOOD]) {
      expect((await s.get('/a', { headers: { 'Frontrow-Debug': token } })).headers).not.toHaveProperty(
        'frontrow-debug',
      );
    }
  });

  test('a token that could be guessed is refused at the start', async () => {
    await begin();
    const weak = new EdgeScenario({ settings: { edgeOperatorToken: 'short' } });
    await expect(weak.start()).rejects.toThrow('FRONTROW_EDGE_OPERATOR_TOKEN must be 16 visible characters at least');
    await weak.origin.stop();
  });

  test('it is the same over HTTP/2', async () => {
    const certificates = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
    const { cert, key } = makeCertificate('localhost');
    await writeFile(join(certificates, 'default.crt'), cert);
    await writeFile(join(certificates, 'default.key'), key);
    await begin({ edgeTlsCerts: certificates });
    const viewer = new Http2Viewer(s.tlsUrl);
    const ask = (body: string) =>
      viewer.get(
        `${remote}/invalidations`,
        { ':method': 'POST', authorization: bearer.Authorization, 'content-type': 'application/json' },
        body,
      );
    expect((await ask('{"all":true}')).status).toBe(200);
    expect(s.edge.invalidations.state.sequence).toBeGreaterThan(0);
    await expect(ask('x'.repeat(2_000_000))).rejects.toThrow();
    await viewer.stop();
    await rm(certificates, { recursive: true });
  });
});
