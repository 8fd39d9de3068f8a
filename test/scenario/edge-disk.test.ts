import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeCertificate } from '../harness/certificate.ts';
import { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import { Http2Viewer } from '../harness/http2-viewer.ts';

const MEBIBYTE = 1_048_576;
const FRESH = { 'Cache-Control': 'max-age=60', ETag: '"one"' };

let s: EdgeScenario;
let clock: HandClock;

/** Little memory and much disk: what is large is served from there. */
const settings = { edgeDiskBytes: 256 * MEBIBYTE, cacheBytes: 8 * MEBIBYTE };

beforeEach(async () => {
  clock = new HandClock();
  s = await new EdgeScenario({ clock, settings }).start();
});
afterEach(() => s.stop());

/** Bytes no two parts of which are alike. */
function bytes(sizeBytes: number, from = 0): Buffer {
  const body = Buffer.alloc(sizeBytes);
  for (let at = 0; at + 4 <= sizeBytes; at += 4) body.writeUInt32LE(((at + from) * 2_654_435_761) % 4_294_967_296, at);
  return body;
}

async function store(target: string, body: Buffer | string, headers: Record<string, string> = FRESH): Promise<void> {
  s.origin.serve(target, { headers, body });
  await s.get(target);
  await s.edge.written();
}

/** Leaves no room to spare in memory, so that a first use is served from disk. */
async function fillMemory(): Promise<void> {
  for (let at = 10; at < 19; at += 1) await store(`/filler/${at}.bin`, bytes(MEBIBYTE - 4_096, at));
}

function said({ headers }: { headers: Record<string, unknown> }): unknown {
  return headers['cache-status'];
}

test('what was stored before a restart is a hit after it, says where it was, and then is in memory', async () => {
  await store('/a.m3u8', 'a playlist');
  await s.restartEdge();
  clock.advance(10);
  const first = await s.get('/a.m3u8');
  expect([first.body.toString(), said(first), first.headers.age]).toEqual([
    'a playlist',
    'frontrow; hit; ttl=50; detail=disk',
    '10',
  ]);
  const second = await s.get('/a.m3u8');
  expect([second.body.toString(), said(second)]).toEqual(['a playlist', 'frontrow; hit; ttl=50']);
  expect(s.origin.count('/a.m3u8')).toBe(1);
});

test('a large object is served from disk as it was, whole and in parts', async () => {
  const body = bytes(900_001);
  await store('/a.m4s', body);
  await fillMemory();
  await s.restartEdge();
  await fillMemory();
  const asked: [string | undefined, number, Buffer][] = [
    ['bytes=131070-131075', 206, body.subarray(131_070, 131_076)],
    ['bytes=-5', 206, body.subarray(-5)],
    ['bytes=0-', 206, body],
    ['bytes=900001-', 416, Buffer.alloc(0)],
    [undefined, 200, body],
  ];
  for (const [range, status, expected] of asked) {
    await s.restartEdge();
    await fillMemory();
    const answer = await s.get('/a.m4s', range === undefined ? {} : { headers: { Range: range } });
    expect([answer.status, answer.body.equals(expected)]).toEqual([status, true]);
    expect(said(answer)).toBe('frontrow; hit; ttl=60; detail=disk');
  }
  expect(s.origin.count('/a.m4s')).toBe(1);
  expect(s.facts.at(-1)).toMatchObject({ verdict: 'hit', reason: 'fresh', bytesSent: body.length });
});

test('a viewer who has it already is told so, and a HEAD gets the head, also from disk', async () => {
  await store('/a.m4s', bytes(900_000));
  for (const asking of [{ headers: { 'If-None-Match': '"one"' } }, { method: 'HEAD' }]) {
    await s.restartEdge();
    await fillMemory();
    const answer = await s.get('/a.m4s', asking);
    expect([answer.status, answer.body.length, said(answer)]).toEqual([
      'method' in asking ? 200 : 304,
      0,
      'frontrow; hit; ttl=60; detail=disk',
    ]);
  }
});

test('a crowd after a restart reads what goes to memory once', async () => {
  const body = bytes(900_000);
  await store('/a.m4s', body);
  await s.restartEdge();
  const answers = await Promise.all(Array.from({ length: 30 }, () => s.get('/a.m4s')));
  expect(answers.every((each) => each.body.equals(body))).toBe(true);
  expect(s.origin.count('/a.m4s')).toBe(1);
  expect(s.edge.usage.entries).toBe(1);
});

test('each viewer of a body on disk gets it at his own speed, and one who leaves in the middle harms nobody', async () => {
  const body = bytes(900_000);
  await store('/a.m4s', body);
  await s.restartEdge();
  await fillMemory();
  const leaving = s.viewer('/a.m4s');
  await leaving.received(1);
  leaving.leave();
  const answers = await Promise.all(Array.from({ length: 10 }, () => s.get('/a.m4s')));
  expect(answers.every((each) => each.body.equals(body))).toBe(true);
  expect(s.origin.count('/a.m4s')).toBe(1);
});

test('viewers over HTTP/2 get a body from disk side by side, each byte as it was', async () => {
  await s.stop();
  const certificates = await mkdtemp(join(tmpdir(), 'frontrow-certs-'));
  const { cert, key } = makeCertificate('localhost');
  await writeFile(join(certificates, 'default.crt'), cert);
  await writeFile(join(certificates, 'default.key'), key);
  s = await new EdgeScenario({ clock, settings: { ...settings, edgeTlsCerts: certificates } }).start();
  const bodies = [1, 2, 3, 4].map((at) => bytes(900_000, at));
  for (const [at, body] of bodies.entries()) await store(`/${at + 10}.m4s`, body);
  await s.restartEdge();
  await fillMemory();
  const viewer = new Http2Viewer(s.tlsUrl);
  const answers = await Promise.all(bodies.map((_, at) => viewer.get(`/${at + 10}.m4s`)));
  await viewer.stop();
  await rm(certificates, { recursive: true });
  expect(answers.map(({ body }, at) => body.equals(bodies[at] ?? Buffer.alloc(0)))).toEqual([true, true, true, true]);
  expect(answers.map(said)).toEqual(Array(4).fill('frontrow; hit; ttl=60; detail=disk'));
});

test('an expired copy on disk is confirmed by the origin instead of being fetched again, and stays confirmed', async () => {
  const body = bytes(300_000);
  s.origin.script('/a.m4s', (asked, response) => {
    const confirms = asked.headers['if-none-match'] === '"one"';
    response.writeHead(confirms ? 304 : 200, { ...FRESH, 'X-Round': confirms ? 'two' : 'one' });
    response.end(confirms ? undefined : body);
  });
  await s.get('/a.m4s');
  await s.restartEdge();
  clock.advance(90);
  const confirmed = await s.get('/a.m4s');
  await s.settled(2);
  expect([confirmed.body.equals(body), s.facts.at(-1)?.verdict]).toEqual([true, 'revalidated']);
  await s.restartEdge();
  const after = await s.get('/a.m4s');
  expect([after.body.equals(body), after.headers['x-round'], said(after)]).toEqual([
    true,
    'two',
    'frontrow; hit; ttl=60; detail=disk',
  ]);
  expect(s.origin.count('/a.m4s')).toBe(2);
});

test('an expired copy on disk is served while the origin is away', async () => {
  await store('/a', 'still good', { 'Cache-Control': 'max-age=10, stale-if-error=600' });
  await s.restartEdge();
  clock.advance(60);
  s.origin.script('/a', (_asked, response) => void response.writeHead(503).end());
  const answer = await s.get('/a');
  expect([answer.status, answer.body.toString()]).toEqual([200, 'still good']);
});

test('variants are found on disk by what their viewers ask for', async () => {
  for (const language of ['de', 'fr']) {
    s.origin.serve('/v', { headers: { ...FRESH, Vary: 'Accept-Language' }, body: `in ${language}` });
    await s.get('/v', { headers: { 'Accept-Language': language } });
  }
  await s.restartEdge();
  s.origin.serve('/v', { headers: { ...FRESH, Vary: 'Accept-Language' }, body: 'something else' });
  for (const language of ['de', 'fr', 'it']) {
    const answer = await s.get('/v', { headers: { 'Accept-Language': language } });
    expect(answer.body.toString()).toBe(language === 'it' ? 'something else' : `in ${language}`);
  }
});

test('what was changed through the edge does not come back from disk', async () => {
  await store('/a', 'before');
  s.origin.serve('/a', { body: 'done' });
  await s.get('/a', { method: 'DELETE' });
  await s.restartEdge();
  s.origin.serve('/a', { headers: FRESH, body: 'after' });
  expect((await s.get('/a')).body.toString()).toBe('after');
});

test('damage on disk is a miss that is counted, and the viewer gets what the origin has', async () => {
  const body = bytes(900_000);
  await store('/a.m4s', body);
  await s.restartEdge((dataDir) => damage(dataDir, 500));
  await fillMemory();
  const answer = await s.get('/a.m4s');
  expect([answer.status, answer.body.equals(body), answer.headers['x-cache']]).toEqual([
    200,
    true,
    'Miss from frontrow',
  ]);
  expect(s.edge.tiers.disk?.damaged).toBe(1);
  expect(s.origin.count('/a.m4s')).toBe(2);
});

test('damage found behind what is out already breaks the answer off, and the next viewer gets it whole', async () => {
  const body = bytes(900_000);
  await store('/a.m4s', body);
  await s.restartEdge((dataDir) => damage(dataDir, 700_000));
  await fillMemory();
  await expect(s.get('/a.m4s')).rejects.toThrow();
  const again = await s.get('/a.m4s');
  expect([again.body.equals(body), s.origin.count('/a.m4s')]).toEqual([true, 2]);
});

/** Turns a byte of the first body of the oldest file. */
async function damage(dataDir: string, at: number): Promise<void> {
  const folder = join(dataDir, 'edge-cache', '0');
  const name = (await readdir(folder)).filter((each) => each.endsWith('.segment')).sort()[0] ?? '';
  const start = (await readFile(join(folder, name))).indexOf(bytes(64));
  const file = await open(join(folder, name), 'r+');
  await file.write(Buffer.from([1, 2, 3, 4, 5]), 0, 5, start + at);
  await file.close();
}

test('without a size there is no disk tier and no folder', async () => {
  await s.stop();
  s = await new EdgeScenario({ settings: { edgeDiskBytes: 0 } }).start();
  s.origin.serve('/a', { headers: FRESH, body: 'x' });
  await s.get('/a');
  expect([s.edge.tiers.disk, (await readdir(s.dataDir)).includes('edge-cache')]).toEqual([undefined, false]);
});
