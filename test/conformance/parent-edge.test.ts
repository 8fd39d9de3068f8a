import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { edgeCredentialOf, peerSecretOf, signAsEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { signUrl } from '../../src/kernel/access/sign.ts';
import { EDGE_ID, EdgeScenario, FLEET_SECRET, HandClock, type ScenarioOptions } from '../harness/edge-scenario.ts';
import {
  CONFIG,
  CONTENT_KEY,
  KEY_PAIR_ID,
  LOCKED_MEDIA,
  MASTER,
  PUBLIC,
  privateKey,
  SIGNED,
  startFilmEdge,
} from '../harness/film-edge.ts';
import { RecordingLog } from '../harness/recording-log.ts';

const FRESH = { 'Cache-Control': 'max-age=60' };

function signedBy(method: string, target: string, atMs: number, secret = FLEET_SECRET): string {
  return signAsEdge(edgeCredentialOf(secret, EDGE_ID), method, target, atMs, peerSecretOf(secret));
}

/** So that a parent which goes is found out soon; one that stays is asked often, which does no harm. */
const WATCHFUL = { originHealthIntervalMs: 50, originHealthTimeoutMs: 100 };

let parent: EdgeScenario;
let clock: HandClock;
const others: { stop(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(others.splice(0).map((each) => each.stop()));
});

/** An edge in front of the same origin that has others as parents. */
async function child(parents: readonly string[], options: ScenarioOptions = {}): Promise<EdgeScenario> {
  const s = await new EdgeScenario({ clock, originUrl: parent.origin.url, parents, ...options }).start();
  others.push(s);
  return s;
}

async function filmChild(settings: Partial<Settings> = {}): Promise<EdgeScenario> {
  const dataDir = await mkdtemp(join(tmpdir(), 'frontrow-child-edge-'));
  await writeFile(join(dataDir, 'edge-config.json'), JSON.stringify(CONFIG));
  others.push({ stop: () => rm(dataDir, { recursive: true, force: true }) });
  return child([parent.url], { mode: 'film', dataDir, settings });
}

/** Twenty viewers at each of three children of one parent, all of whom want the same before any of it is there. */
async function crowd(children: readonly EdgeScenario[], target: string): Promise<void> {
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));
  const held = parent.origin.hold(target);
  const viewers = children.flatMap((each) => Array.from({ length: 20 }, () => each.viewer(target)));
  await held.arrived;
  held.head({ headers: { ...FRESH, ETag: '"one"' }, lengthBytes: body.length });
  held.write(body.subarray(0, 100_000));
  await Promise.all(viewers.map((each) => each.received(100_000)));
  held.write(body.subarray(100_000));
  held.end();
  const answers = await Promise.all(viewers.map((each) => each.answer));
  expect(answers.map(({ body: got }) => got.equals(body))).toEqual(Array(60).fill(true));
  expect(parent.origin.count(target)).toBe(1);
}

describe('a parent in front of any origin', () => {
  beforeEach(async () => {
    clock = new HandClock();
    parent = await new EdgeScenario({ clock }).start();
    others.push(parent);
  });

  test('has the origin send one answer to three edges and sixty viewers, who get it as it arrives', async () => {
    const children = [await child([parent.url]), await child([parent.url]), await child([parent.url])];
    await crowd(children, '/a');
    await children[0]?.settled(20);
    expect(new Set(children[0]?.facts.map(({ origin }) => origin))).toEqual(new Set([new URL(parent.url).host]));
  });

  test('tells how old an answer is, and both are done with it at once', async () => {
    const [early, late] = [await child([parent.url]), await child([parent.url])];
    parent.origin.serve('/a', { headers: { ...FRESH, Age: '10' }, body: 'x' });
    await early.get('/a');
    clock.advance(20);
    const answer = await late.get('/a');
    expect([answer.headers.age, answer.headers['x-cache']]).toEqual(['30', 'Miss from frontrow']);
    expect(answer.headers['cache-status']).toMatch(
      /^frontrow; hit; ttl=30, frontrow; fwd=uri-miss; stored; detail=absent$/,
    );
    clock.advance(29);
    expect((await late.get('/a')).headers.age).toBe('59');
    expect(parent.origin.count('/a')).toBe(1);
    clock.advance(1);
    await late.get('/a');
    expect(parent.origin.count('/a')).toBe(2);
  });

  test('confirms a copy without its body', async () => {
    const s = await child([parent.url]);
    parent.origin.serve('/a', { headers: { ...FRESH, ETag: '"one"' }, body: 'x' });
    await s.get('/a');
    clock.advance(61);
    parent.origin.serve('/a', { status: 304, headers: { ...FRESH, ETag: '"one"' } });
    const answer = await s.get('/a');
    expect([answer.status, answer.body.toString(), answer.headers['x-cache']]).toEqual([
      200,
      'x',
      'RefreshHit from frontrow',
    ]);
    await parent.settled(2);
    expect(parent.facts.at(-1)).toMatchObject({ status: 304, bytesSent: 0 });
  });

  test('is gone past to the origin when it is not there', async () => {
    const s = await child(['http://127.0.0.1:9']);
    parent.origin.serve('/a', { headers: FRESH, body: 'x' });
    expect((await s.get('/a')).body.toString()).toBe('x');
    await s.settled(1);
    expect(s.facts[0]?.origin).toBe(new URL(parent.origin.url).host);
  });

  test('is gone past at once when it does not answer for its health', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    others.push({ stop: () => silent.close() });
    const log = new RecordingLog();
    const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    const s = await child([url], { log, settings: WATCHFUL });
    await log.until('an origin is down');
    parent.origin.serve('/a', { headers: FRESH, body: 'x' });
    expect((await s.get('/a')).body.toString()).toBe('x');
    expect(s.edge.origins).toMatchObject([
      { up: false, requests: 0 },
      { up: true, requests: 1 },
    ]);
  });

  test('has the last word about an origin that fails', async () => {
    const s = await child([parent.url]);
    parent.origin.serve('/a', { status: 503, headers: { 'Retry-After': '7' }, body: 'busy' });
    const answer = await s.get('/a');
    expect([answer.status, answer.headers['retry-after'], answer.body.toString()]).toEqual([503, '7', 'busy']);
    expect(parent.origin.count('/a')).toBe(1);
    parent.origin.script('/b', (_asked, response) => void response.socket?.destroy());
    expect(JSON.parse((await s.get('/b')).body.toString()).code).toBe('ORIGIN_UNREACHABLE');
    expect(s.edge.origins).toMatchObject([{ requests: 2, failovers: 0 }, { requests: 0 }]);
  });

  test('makes its own copy old by a change that goes through it', async () => {
    const s = await child([parent.url]);
    parent.origin.serve('/a', { headers: FRESH, body: 'before' });
    await s.get('/a');
    parent.origin.serve('/a', { headers: FRESH, body: 'after' });
    await s.get('/a', { method: 'POST', body: 'x' });
    expect((await s.get('/a')).body.toString()).toBe('after');
  });

  test('is asked for the host of the viewer, and the origin is told who that is where it trusts its children', async () => {
    await parent.stop();
    parent = await new EdgeScenario({
      clock,
      settings: { edgeTrustedProxies: '127.0.0.1', originHostHeader: 'viewer' },
    }).start();
    others.push(parent);
    const settings = { originHeaders: 'X-Origin-Key: for the origin' };
    const s = await child([parent.url], { settings });
    await s.get('/a', { headers: { Host: 'www.example' } });
    const { host, 'x-origin-key': key, 'x-forwarded-host': seen } = parent.origin.last('/a')?.headers ?? {};
    expect([host, key, seen]).toEqual(['www.example', undefined, 'www.example']);
    expect(parent.origin.last('/a')?.headers['x-forwarded-for']).toBe('127.0.0.1, 127.0.0.1');
  });

  test('shares the objects with others: each has one of them at every edge, and another when that one goes', async () => {
    const second = await new EdgeScenario({ clock, originUrl: parent.origin.url }).start();
    const log = new RecordingLog();
    const urls = [parent.url, second.url];
    const [one, two] = [await child(urls, { log, settings: WATCHFUL }), await child(urls.toReversed())];
    const targets = Array.from({ length: 16 }, (_, at) => `/films/${at}`);
    for (const target of targets) parent.origin.serve(target, { headers: FRESH, body: target });
    for (const s of [one, two]) for (const target of targets) await s.get(target);
    expect(targets.map((target) => parent.origin.count(target))).toEqual(Array(16).fill(1));
    const asked = new Set(parent.facts.map(({ path }) => path));
    expect(asked.size).toBeGreaterThan(0);
    expect(asked.size).toBeLessThan(16);
    await second.stop();
    await log.until('an origin is down');
    clock.advance(100);
    for (const target of targets) expect((await one.get(target)).body.toString()).toBe(target);
    expect(new Set(parent.facts.map(({ path }) => path)).size).toBe(16);
  });

  test('that is an edge below it is found out', async () => {
    const ring = { port: 0 };
    const relay = createServer((socket) => {
      const onwards = connect(ring.port, '127.0.0.1');
      socket.on('error', () => onwards.destroy()).on('close', () => onwards.destroy());
      onwards.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.pipe(onwards).pipe(socket);
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const address = relay.address();
    const back = await child([`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`]);
    others.push({ stop: () => relay.close() });
    const s = await child([back.url]);
    ring.port = Number(new URL(s.url).port);
    parent.origin.serve('/a', { headers: FRESH, body: 'x' });
    const answer = await s.get('/a');
    expect([answer.status, JSON.parse(answer.body.toString()).code]).toEqual([508, 'LOOP_DETECTED']);
  });
});

describe('a parent in front of films', () => {
  const master = `/assets/${SIGNED}/master.m3u8`;
  const segment = `/assets/${PUBLIC}/v1/360p/s00000.m4s`;

  beforeEach(async () => {
    const made = await startFilmEdge();
    ({ s: parent, clock } = made);
    others.push(made);
  });

  function signed(s: EdgeScenario, path: string): string {
    const expiresAtMs = clock.ms + 600_000;
    return signUrl({ url: s.url + path, keyPairId: KEY_PAIR_ID, privateKey, expiresAtMs }).slice(s.url.length);
  }

  test('has the origin send one answer to three edges and sixty viewers, who get it as it arrives', async () => {
    await crowd([await filmChild(), await filmChild(), await filmChild()], segment);
  });

  test('takes the word of its child for who may watch, who writes the grant into playlists once', async () => {
    const s = await filmChild();
    const own = (await s.get(signed(s, master))).body.toString();
    expect(own.match(/\/t\//g)).toHaveLength(1);
    const next = own.split('\n').find((line) => line.startsWith('/t/')) ?? '';
    expect((await s.get(next)).status).toBe(200);
    expect((await s.get(master)).status).toBe(403);
    await parent.settled(2);
    expect(parent.facts.map(({ path, status }) => [path, status])).toEqual([
      [master, 200],
      [`/assets/${SIGNED}/v1/360p/index.m3u8`, 200],
    ]);
    // Its own viewers are asked for a grant of their own as ever.
    expect((await parent.get(master)).status).toBe(403);
    expect((await parent.get(signed(parent, master))).body.toString()).not.toBe(MASTER);
  });

  test('believes a signature of the fleet alone, for this very request', async () => {
    const ask = async (signature: string) => {
      const { status, body } = await parent.get(master, { headers: { [EDGE_SIGNATURE_HEADER]: signature } });
      return [status, body.toString()];
    };
    expect(await ask(signedBy('GET', master, clock.ms))).toEqual([200, MASTER]);
    for (const signature of [
      signedBy('GET', master, clock.ms, 'another secret'),
      signedBy('GET', segment, clock.ms),
      signedBy('HEAD', master, clock.ms),
      signedBy('GET', master, clock.ms - 120_000),
      '',
    ]) {
      expect(await ask(signature)).toEqual([403, expect.stringContaining('EDGE_SIGNATURE_INVALID')]);
    }
  });

  test('leaves what lets pages read an answer to its child, and names the viewer to the origin', async () => {
    const s = await filmChild();
    for (const each of [parent, s]) await each.get(segment);
    const { raw } = await s.get(segment);
    expect(raw.filter((name) => name.toLowerCase() === 'access-control-allow-origin')).toHaveLength(1);
    const other = `/assets/${PUBLIC}/master.m3u8`;
    await s.get(other);
    expect(parent.origin.last(other)?.headers['x-forwarded-for']).toBe('127.0.0.1');
  });

  test('leaves compression to its child, who makes it of one copy for all of its viewers', async () => {
    const s = await filmChild();
    const path = `/assets/${PUBLIC}/v1/360p/index.m3u8`;
    const headers = { ...FRESH, 'Content-Type': 'application/vnd.apple.mpegurl' };
    parent.origin.serve(path, { headers, body: `#EXTM3U\n${'#EXTINF:4,\ns00000.m4s\n'.repeat(500)}` });
    const codings = [];
    for (const accepted of ['gzip', 'br', 'identity']) {
      const answer = await s.get(path, { headers: { 'Accept-Encoding': accepted } });
      expect(answer.headers.vary).toMatch(/accept-encoding/i);
      codings.push(answer.headers['content-encoding']);
    }
    expect(codings).toEqual(['gzip', 'br', undefined]);
    expect(s.edge.origins[0]?.requests).toBe(1);
  });

  test('tells the tags of an answer to its children and not to viewers', async () => {
    const path = `/assets/${PUBLIC}/poster.jpg`;
    parent.origin.serve(path, { headers: { ...FRESH, 'Cache-Tag': 'film-1' }, body: 'x' });
    const signature = signedBy('GET', path, clock.ms);
    const asked = [{}, { [EDGE_SIGNATURE_HEADER]: signature }, {}].map((headers) => ({ headers }));
    const told = [];
    for (const asking of asked) told.push((await parent.get(path, asking)).headers['cache-tag']);
    expect(told).toEqual([undefined, 'film-1', undefined]);
  });

  test('keeps no key of an encrypted film either', async () => {
    const s = await filmChild();
    const path = `/assets/${SIGNED}/v2/key`;
    for (let at = 0; at < 2; at += 1) expect((await s.get(signed(s, path))).body).toEqual(CONTENT_KEY);
    expect(parent.origin.count(path)).toBe(2);
    expect((await s.get(signed(s, `/assets/${SIGNED}/v2/360p/index.m3u8`))).body.toString()).not.toBe(LOCKED_MEDIA);
  });

  test('passes on that nobody has asked yet for what its child fetches ahead', async () => {
    const s = await filmChild();
    const folder = `/assets/${PUBLIC}/v1/360p`;
    const list = '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\ns00000.m4s\n#EXTINF:4,\ns00001.m4s\n#EXT-X-ENDLIST\n';
    parent.origin.serve(`${folder}/index.m3u8`, { headers: FRESH, body: list });
    parent.origin.serve(`${folder}/s00001.m4s`, { headers: FRESH, body: 'second' });
    await s.get(`${folder}/index.m3u8`);
    await s.get(`${folder}/s00000.m4s`);
    await parent.origin.until(`${folder}/s00001.m4s`, 1);
    expect(parent.origin.last(`${folder}/s00001.m4s`)?.headers['sec-purpose']).toBe('prefetch');
    expect(parent.origin.last(`${folder}/s00000.m4s`)?.headers['sec-purpose']).toBeUndefined();
  });

  test('that is asked for what it has asked for itself finds that out', async () => {
    const edgeId = /\b(edge-[0-9a-f]{8})\b/.exec(String((await parent.get(segment)).headers.via))?.[1] ?? '';
    const signature = signedBy('GET', segment, clock.ms);
    const headers = { [EDGE_SIGNATURE_HEADER]: signature, 'CDN-Loop': `edge-00000000, ${edgeId}` };
    expect((await parent.get(segment, { headers })).status).toBe(508);
    // A viewer who says so is no edge, and gets his answer.
    expect((await parent.get(segment, { headers: { 'CDN-Loop': edgeId } })).status).toBe(200);
  });

  test('and its child are both named in CDN-Loop', async () => {
    const s = await filmChild();
    await s.get(segment);
    const names = String(parent.origin.last(segment)?.headers['cdn-loop']).split(', ');
    expect(names).toEqual([expect.stringMatching(/^edge-/), expect.stringMatching(/^edge-/)]);
  });
});
