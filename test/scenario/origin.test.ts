import { rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { ContentKeyRepository } from '../../src/database/content-keys.ts';
import { LiveStreamRepository } from '../../src/database/live-streams.ts';
import { type Database, openDatabase } from '../../src/database/open.ts';
import { edgeCredentialOf, signAsEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { Fault } from '../../src/kernel/errors.ts';
import type { Film } from '../../src/kernel/film/film.ts';
import { contentKeyPath, manifestKey, masterKey, segmentKey } from '../../src/kernel/film/paths.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { buildOrigin, type OriginDeps } from '../../src/origin/http.ts';
import { Queue } from '../../src/queue/queue.ts';
import { assetChannel, LocalSignals } from '../../src/queue/signals.ts';
import { FolderStore } from '../../src/storage/folder.ts';
import { freshFolder } from '../harness/folder.ts';

const SECRET = 'what edges and the origin share';
const EDGE = edgeCredentialOf(SECRET, 'ed_abcdefghjkmnpqrs');
const REVOKED = edgeCredentialOf(SECRET, 'ed_bcdefghjkmnpqrst');
const ID = 'as_aaaabbbbccccdddd';
const LOCKED = 'as_bbbbccccddddeeee';
const SEGMENT = segmentKey(ID, 1, '240p', 2);
const BYTES = Buffer.from('0123456789');

const film: Film = {
  segmentSeconds: 4,
  durationSeconds: 20,
  video: {
    frameRate: { num: 25, den: 1 },
    framesPerSegment: 100,
    frameCount: 500,
    timescale: 25_000,
    renditions: [
      { name: '240p', width: 426, height: 240, codecs: 'avc1.640015', level: 21, crf: 25, maxrateBps: 400_000 },
    ],
  },
};

let folder: string;
let database: Database;
let store: FolderStore;
let signals: LocalSignals;
let queue: Queue;
let assets: AssetRepository;
let contentKeys: ContentKeyRepository;
let streams: LiveStreamRepository;
let app: FastifyInstance;
let url: string;

beforeEach(async () => {
  folder = await freshFolder();
  database = await openDatabase(folder);
  store = new FolderStore(join(folder, 'media'));
  await store.start();
  signals = new LocalSignals();
  queue = new Queue(database, systemClock, signals, { leaseMs: 10_000, maxAttempts: 3 });
  assets = new AssetRepository(database, systemClock);
  contentKeys = new ContentKeyRepository(database, 'what seals keys');
  streams = new LiveStreamRepository(database, systemClock, 'what seals keys');
  await assets.create({ id: ID, title: 'Film', policy: 'signed', sourceName: 'film.mp4' });
  await assets.sourceStored(ID, 100);
  await assets.planned(ID, 1, film);
  await start(60_000);
});

afterEach(async () => {
  await stop();
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

test('only requests that an edge signed are answered', async () => {
  await store.put(SEGMENT, BYTES);
  const bare = await fetch(`${url}/${SEGMENT}`);
  expect(bare.status).toBe(403);
  expect(await bare.json()).toMatchObject({ code: 'EDGE_SIGNATURE_INVALID' });
  const elsewhere = signAsEdge(EDGE, 'GET', '/other', Date.now());
  expect((await get(`/${SEGMENT}`, { [EDGE_SIGNATURE_HEADER]: elsewhere })).status).toBe(403);
  const old = signAsEdge(EDGE, 'GET', `/${SEGMENT}`, Date.now() - 120_000);
  expect((await get(`/${SEGMENT}`, { [EDGE_SIGNATURE_HEADER]: old })).status).toBe(403);
  expect((await get(`/${SEGMENT}`)).status).toBe(200);
});

test('an edge that was revoked is refused', async () => {
  await store.put(SEGMENT, BYTES);
  const signed = signAsEdge(REVOKED, 'GET', `/${SEGMENT}`, Date.now());
  const response = await get(`/${SEGMENT}`, { [EDGE_SIGNATURE_HEADER]: signed });
  expect([response.status, await response.json()]).toMatchObject([403, { code: 'EDGE_REVOKED' }]);
});

test('edges are told that it is well, and nobody else', async () => {
  const well = await get('/health');
  expect([well.status, well.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect((await fetch(`${url}/health`)).status).toBe(403);
});

test('segments are immutable, playlists short-lived, and both carry validators', async () => {
  await store.put(SEGMENT, BYTES);
  await store.put(masterKey(ID), Buffer.from('#EXTM3U\n'));
  const segment = await get(`/${SEGMENT}`);
  expect(segment.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(segment.headers.get('content-type')).toBe('video/mp4');
  const master = await get(`/${masterKey(ID)}`);
  expect(master.headers.get('cache-control')).toContain('max-age=2');
  expect(master.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
  const again = await get(`/${masterKey(ID)}`, { 'if-none-match': master.headers.get('etag') ?? '' });
  expect(again.status).toBe(304);
});

test('ranges are answered with just those bytes', async () => {
  await store.put(SEGMENT, BYTES);
  const part = await get(`/${SEGMENT}`, { range: 'bytes=2-4' });
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234']);
  expect((await get(`/${SEGMENT}`, { range: 'bytes=10-' })).status).toBe(416);
  expect(await (await get(`/${SEGMENT}`, { range: 'bytes=0-1', 'if-range': '"other"' })).text()).toBe('0123456789');
});

test('a segment still to be encoded is held, its chunk moved to the front, and answered when it is out', async () => {
  const job = { kind: 'video', subject: ID, lanes: ['240p'], payload: {}, priority: 1 };
  await queue.add([
    { ...job, firstSegment: 0, endSegment: 2 },
    { ...job, firstSegment: 2, endSegment: 4 },
  ]);
  const held = get(`/${SEGMENT}`);
  const wanted = await vi.waitUntil(() => queue.lease('helper', ['video'], { wantedOnly: true }), { timeout: 5_000 });
  expect(wanted).toMatchObject({ firstSegment: 2, endSegment: 4 });
  await store.put(SEGMENT, BYTES);
  signals.notify(assetChannel(ID));
  expect(await (await held).text()).toBe('0123456789');
});

test('a store that does not answer is 503 with Retry-After, rather than as if there were no object', async () => {
  await stop();
  const away = () => Promise.reject(new Fault('STORAGE_UNAVAILABLE'));
  await start(50, { head: away, open: away });
  const answer = await get(`/${SEGMENT}`);
  expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('cache-control')]).toEqual([
    503,
    '1',
    'no-store',
  ]);
  expect(await answer.json()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
});

test('a request that is cancelled at once brings nothing to the front, and a later one for as long as it waits', async () => {
  await queue.add([
    { kind: 'video', subject: ID, lanes: ['240p'], payload: {}, priority: 1, firstSegment: 2, endSegment: 4 },
  ]);
  const wanted = () => database.selectFrom('jobs').select('wish_until').where('wish_until', '>', Date.now()).execute();
  const hasty = new AbortController();
  const early = get(`/${SEGMENT}`, {}, hasty.signal);
  setTimeout(() => hasty.abort(), 20);
  await expect(early).rejects.toThrow();
  const patient = new AbortController();
  const late = get(`/${SEGMENT}`, {}, patient.signal).catch((cause: Error) => cause.name);
  await vi.waitUntil(async () => (await wanted()).length === 1, { timeout: 5_000, interval: 20 });
  patient.abort();
  expect(await late).toBe('AbortError');
  await vi.waitUntil(async () => (await wanted()).length === 0, { timeout: 1_500, interval: 20 });
});

test('what is fetched ahead of viewers is not held and brings nothing to the front', async () => {
  await queue.add([
    { kind: 'video', subject: ID, lanes: ['240p'], payload: {}, priority: 1, firstSegment: 2, endSegment: 4 },
  ]);
  const ahead = await get(`/${SEGMENT}`, { 'Sec-Purpose': 'prefetch' });
  expect(ahead.status).toBe(503);
  const jobs = await database.selectFrom('jobs').select(['wish_until', 'end_segment']).execute();
  expect(jobs).toEqual([{ wish_until: null, end_segment: 4 }]);
  await store.put(SEGMENT, BYTES);
  expect((await get(`/${SEGMENT}`, { 'Sec-Purpose': 'prefetch' })).status).toBe(200);
});

test('past the hold limit the answer is 503 with Retry-After, never 404', async () => {
  await stop();
  await start(50);
  const late = await get(`/${SEGMENT}`);
  expect([late.status, late.headers.get('retry-after'), late.headers.get('cache-control')]).toEqual([
    503,
    '1',
    'no-store',
  ]);
  expect(await late.json()).toMatchObject({ code: 'SEGMENT_PENDING' });
});

test('what the film does not have is 404 at once', async () => {
  for (const path of [segmentKey(ID, 1, '240p', 5), segmentKey(ID, 2, '240p', 0), segmentKey(ID, 1, '720p', 0)]) {
    expect((await get(`/${path}`)).status, path).toBe(404);
  }
});

describe('the key of an encrypted version', () => {
  beforeEach(async () => {
    await assets.create({ id: LOCKED, title: 'Film', policy: 'signed', sourceName: 'film.mp4', encryption: 'aes-128' });
    await assets.sourceStored(LOCKED, 100);
    await contentKeys.provide(LOCKED, 1);
  });

  test('is sixteen bytes that nobody on the way may keep, the same every time', async () => {
    const answer = await get(contentKeyPath(LOCKED, 1));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    const key = Buffer.from(await answer.arrayBuffer());
    expect(key).toHaveLength(16);
    expect(key).toEqual(await contentKeys.find(LOCKED, 1));
    expect((await fetch(url + contentKeyPath(LOCKED, 1))).status).toBe(403);
  });

  test.each([
    ['of a version that there is not', contentKeyPath(LOCKED, 2)],
    ['of an asset in the clear', contentKeyPath(ID, 1)],
    ['of no asset', contentKeyPath('as_zzzzzzzzzzzzzzzz', 1)],
    ['of version 0', `/assets/${LOCKED}/v0/key`],
    ['of a version written another way', `/assets/${LOCKED}/v01/key`],
    ['below a rendition', `/assets/${LOCKED}/v1/240p/key`],
  ])('is not there %s', async (_, path) => {
    const answer = await get(path);
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'NOT_FOUND' }]);
  });

  test('goes with its asset', async () => {
    await assets.delete(LOCKED);
    expect((await get(contentKeyPath(LOCKED, 1))).status).toBe(404);
  });

  test('that was sealed under another secret is our failure, and says which', async () => {
    await database.deleteFrom('content_keys').execute();
    await new ContentKeyRepository(database, 'another secret').provide(LOCKED, 1);
    const answer = await get(contentKeyPath(LOCKED, 1));
    expect([answer.status, await answer.json()]).toMatchObject([500, { code: 'CONTENT_KEY_UNREADABLE' }]);
  });

  test('has no part in DASH: an encrypted film has no manifest, and says so', async () => {
    const answer = await get(`/${manifestKey(LOCKED)}`);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([404, 'no-store']);
    expect(await answer.json()).toMatchObject({ code: 'DASH_UNAVAILABLE' });
  });
});

test.each([
  '/assets/../frontrow.sqlite',
  '/assets/%2e%2e/frontrow.sqlite',
  `/assets/${ID}/..%2f..%2fsecrets.json`,
  `/assets/${ID}/v1/240p/../../../x`,
])('no path leaves the store: %s', async (path) => {
  expect(await statusOfRaw(path)).toBe(404);
});

test("an asset's policy is told to edges, also when there is no such asset", async () => {
  expect(await (await get(`/access/${ID}`)).json()).toEqual({ policy: 'signed' });
  expect((await get('/access/as_zzzzzzzzzzzzzzzz')).status).toBe(404);
});

test('the policy of a live stream is told to edges, too', async () => {
  const id = 'ls_aaaaaaaaaaaaaaaa';
  expect((await get(`/access/${id}`)).status).toBe(404);
  const chat = { isOpen: true, slowSeconds: 0 };
  const options = { reconnectSeconds: 60, isRecorded: true, ladder: 'h264', passthrough: 'auto' as const, chat };
  await streams.create({ id, title: 'Live', policy: 'public', options, streamKey: 'lsk_a' }, 10);
  expect(await (await get(`/access/${id}`)).json()).toEqual({ policy: 'public' });
});

async function start(holdMs: number, from: OriginDeps['store'] = store): Promise<void> {
  const seams = { assets, contentKeys, queue, store: from, signals, clock: systemClock, log: silentLog };
  const revokedEdges = { has: async (edgeId: string) => edgeId === REVOKED.edgeId };
  app = buildOrigin({ ...seams, streams, holdMs, edgeSecret: SECRET, revokedEdges });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
}

/** fetch opens connections ahead of need, and one that never sent a request would hold the close for a minute. */
async function stop(): Promise<void> {
  const closed = app.close();
  app.server.closeAllConnections();
  await closed;
}

async function get(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(url + path, { headers: { ...signature(path), ...headers }, ...(signal ? { signal } : {}) });
}

function signature(path: string): Record<string, string> {
  return { [EDGE_SIGNATURE_HEADER]: signAsEdge(EDGE, 'GET', path, Date.now()) };
}

/** fetch would resolve the dots before they are sent. */
async function statusOfRaw(path: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const { hostname, port } = new URL(url);
  const request = httpRequest({ hostname, port, path, headers: signature(path) }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  request.on('error', reject).end();
  return promise;
}
