import { afterEach, beforeEach, expect, test } from 'vitest';
import { verifyEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { signToken } from '../../src/kernel/access/grant-token.ts';
import { signCookies, signUrl } from '../../src/kernel/access/sign.ts';
import { EDGE_ID, type EdgeScenario, FLEET_SECRET, type HandClock } from '../harness/edge-scenario.ts';
import {
  CONSOLE,
  CONTENT_KEY,
  KEY_PAIR_ID,
  MANIFEST,
  MASTER,
  MEDIA,
  PUBLIC,
  privateKey,
  SIGNED,
  startFilmEdge,
} from '../harness/film-edge.ts';

const master = `/assets/${SIGNED}/master.m3u8`;
const segment = `/assets/${SIGNED}/v1/360p/s00000.m4s`;
const publicSegment = `/assets/${PUBLIC}/v1/360p/s00000.m4s`;

let s: EdgeScenario;
let clock: HandClock;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ s, clock, stop } = await startFilmEdge());
});
afterEach(() => stop());

function signed(path: string, terms: { seconds?: number; resource?: string; ip?: string } = {}): string {
  const { seconds = 600, ...rest } = terms;
  const url = signUrl({
    url: s.url + path,
    keyPairId: KEY_PAIR_ID,
    privateKey,
    expiresAtMs: clock.ms + seconds * 1000,
    ...rest,
  });
  return url.slice(s.url.length);
}

function cookieHeader(resource: string): string {
  const cookies = signCookies({
    url: `${s.url}/`,
    resource,
    keyPairId: KEY_PAIR_ID,
    privateKey,
    expiresAtMs: clock.ms + 600_000,
  });
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

function token(path = `/assets/${SIGNED}/*`): string {
  return signToken({ paths: [path], expiresAtMs: clock.ms + 600_000 }, KEY_PAIR_ID, privateKey);
}

test('a public film needs no grant, and whatever looks like one splits nothing', async () => {
  expect((await s.get(publicSegment)).status).toBe(200);
  const again = await s.get(`${publicSegment}?Expires=1&Signature=x&Key-Pair-Id=K&other=1`);
  expect([again.status, again.headers['x-cache']]).toEqual([200, 'Hit from frontrow']);
  expect(s.origin.count(publicSegment)).toBe(1);
});

test('without a grant a signed film is refused in the very bytes CloudFront sends', async () => {
  const refused = await s.get(master);
  expect(refused.status).toBe(403);
  expect(refused.body.toString()).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>',
  );
  expect(refused.headers).toMatchObject({
    'content-type': 'text/xml',
    'content-length': '146',
    'x-cache': 'Error from frontrow',
    server: 'frontrow',
  });
  expect(s.origin.count(master)).toBe(0);
});

test('a refusal does not tell whether there is such a film', async () => {
  const missing = await s.get('/assets/as_zzzzzzzzzzzzzzzz/master.m3u8');
  const there = await s.get(master);
  expect([missing.status, missing.body.toString()]).toEqual([there.status, there.body.toString()]);
});

test('a signed URL is let in, and a thousand of them share one stored object', async () => {
  expect((await s.get(signed(segment))).body.toString()).toBe('segment');
  const other = await s.get(signed(segment, { seconds: 700 }));
  expect(other.headers['x-cache']).toBe('Hit from frontrow');
  expect(s.origin.count(segment)).toBe(1);
});

test('a film that was deleted is not there any more, whatever the edge has of it and whoever had a grant', async () => {
  expect((await s.get(signed(segment))).status).toBe(200);
  s.origin.serve(`/access/${SIGNED}`, { status: 404, body: '{}' });
  clock.ms += 2_001;
  expect((await s.get(signed(segment))).status).toBe(404);
  expect((await s.get(segment)).status).toBe(403);
  s.origin.serve(`/access/${PUBLIC}`, { status: 404, body: '{}' });
  expect((await s.get(publicSegment)).status).toBe(403);
});

test('a signed playlist gives its children the grant, while the cache keeps the playlist once', async () => {
  const own = (await s.get(signed(master))).body.toString();
  const child = own.split('\n').find((line) => line.startsWith('/t/')) ?? '';
  expect(child).toMatch(new RegExp(`^/t/[\\w.-]+/assets/${SIGNED}/v1/360p/index\\.m3u8$`));
  const media = await s.get(child);
  expect([media.status, media.body.toString()]).toEqual([200, MEDIA]);
  const inherited = await s.get(child.replace('index.m3u8', 's00000.m4s'));
  expect(inherited.body.toString()).toBe('segment');
  const byCookie = await s.get(master, { headers: { Cookie: cookieHeader(`${s.url}/assets/${SIGNED}/*`) } });
  expect([byCookie.headers['x-cache'], byCookie.body.toString()]).toEqual(['Hit from frontrow', MASTER]);
  expect(s.origin.count(master)).toBe(1);
});

test('a signed DASH manifest names its segments with the grant, and by cookie stays as it is', async () => {
  const manifest = `/assets/${SIGNED}/manifest.mpd`;
  const own = (await s.get(signed(manifest))).body.toString();
  const [, media] = /media="([^"]*)"/.exec(own) ?? [];
  expect(media).toMatch(new RegExp(`^/t/[\\w.-]+/assets/${SIGNED}/v1/\\$RepresentationID\\$/s\\$Number%05d\\$\\.m4s$`));
  const first = media?.replace('$RepresentationID$', '360p').replace('$Number%05d$', '00000') ?? '';
  expect((await s.get(first)).body.toString()).toBe('segment');
  const byCookie = await s.get(manifest, { headers: { Cookie: cookieHeader(`${s.url}/assets/${SIGNED}/*`) } });
  expect(byCookie.body.toString()).toBe(MANIFEST);
});

test('an encrypted rendition asked for by a signed URL names its key with the grant, and that key alone', async () => {
  const own = (await s.get(signed(`/assets/${SIGNED}/v2/360p/index.m3u8`))).body.toString();
  const [, key = ''] = /#EXT-X-KEY:METHOD=AES-128,URI="([^"]*)"/.exec(own) ?? [];
  expect(key).toMatch(new RegExp(`^/t/[\\w.-]+/assets/${SIGNED}/v2/key$`));
  const answer = await s.get(key);
  expect([answer.status, answer.body]).toEqual([200, CONTENT_KEY]);
  expect((await s.get(key.replace('/v2/key', '/v1/key'))).status).toBe(403);
  expect((await s.get(key.replace('/key', '/360p/s00000.m4s'))).status).toBe(403);
  expect((await s.get(key.replace(SIGNED, PUBLIC))).status).toBe(403);
});

test('below a grant for the whole film the key is where the playlist says, by path, cookie, bearer and query', async () => {
  const path = `/assets/${SIGNED}/v2/key`;
  const jwt = token();
  const cookie = cookieHeader(`${s.url}/assets/${SIGNED}/*`);
  for (const answer of [
    await s.get(`/t/${jwt}${path}`),
    await s.get(`${path}?token=${jwt}`),
    await s.get(path, { headers: { Authorization: `Bearer ${jwt}` } }),
    await s.get(path, { headers: { Cookie: cookie } }),
    await s.get(signed(path)),
  ]) {
    expect([answer.status, answer.body]).toEqual([200, CONTENT_KEY]);
  }
});

test('a key without a grant is refused like anything else, and nothing is asked of the origin', async () => {
  const path = `/assets/${SIGNED}/v2/key`;
  for (const target of [
    path,
    `${path}?token=x.y.z`,
    `/t/x.y.z${path}`,
    signed(`/assets/${PUBLIC}/v2/key`).replace(PUBLIC, SIGNED),
  ]) {
    expect((await s.get(target)).status, target).toBe(403);
  }
  clock.ms += 601_000;
  expect((await s.get(signed(path, { seconds: -1 }))).status).toBe(403);
  expect(s.origin.count(path)).toBe(0);
});

test('a key is passed on and kept nowhere, also for a public film and for many who ask at once', async () => {
  const path = `/assets/${PUBLIC}/v2/key`;
  const answers = await Promise.all(Array.from({ length: 5 }, () => s.get(path)));
  for (const { status, headers, body } of [...answers, await s.get(path)]) {
    expect([status, body, headers['cache-control']]).toEqual([200, CONTENT_KEY, 'private, no-store']);
    expect(headers['x-cache']).toBe('Miss from frontrow');
  }
  expect(s.origin.count(path)).toBe(6);
});

test('a playlist made for one grant is private and has a tag of its own', async () => {
  const one = await s.get(signed(master));
  const other = await s.get(signed(master, { seconds: 900 }));
  expect(one.headers['cache-control']).toBe('private');
  expect(one.headers.etag).toMatch(new RegExp(`^"${SIGNED}-[\\w-]{12}"$`));
  expect(other.headers.etag).not.toBe(one.headers.etag);
  const again = await s.get(signed(master), { headers: { 'If-None-Match': String(one.headers.etag) } });
  expect(again.status).toBe(304);
});

test('the storyboard of a signed film names its sheets with the grant', async () => {
  const own = (await s.get(signed(`/assets/${SIGNED}/storyboard.vtt`))).body.toString();
  expect(own).toMatch(new RegExp(`^/t/[\\w.-]+/assets/${SIGNED}/v1/storyboard/sheet-000\\.jpg#xywh=0,0,160,90$`, 'm'));
});

test('HEAD of a signed playlist states the length of the playlist that GET would give', async () => {
  const url = signed(master);
  const get = await s.get(url);
  const head = await s.get(url, { method: 'HEAD' });
  expect([head.headers['content-length'], head.headers.etag]).toEqual([String(get.body.length), get.headers.etag]);
});

test.each([
  ['?token=', (given: string) => [`${segment}?token=${given}`, {}] as const],
  ['/t/', (given: string) => [`/t/${given}${segment}`, {}] as const],
  ['bearer', (given: string) => [segment, { Authorization: `Bearer ${given}` }] as const],
])('a token is let in as %s and refused when one letter of it differs', async (_carrier, place) => {
  const good = token();
  const bad = `${good.slice(0, -6)}${good.at(-6) === 'A' ? 'B' : 'A'}${good.slice(-5)}`;
  const [target, headers] = place(good);
  expect((await s.get(target, { headers })).status).toBe(200);
  const [badTarget, badHeaders] = place(bad);
  const refused = await s.get(badTarget, { headers: badHeaders });
  expect([refused.status, refused.headers['content-type']]).toEqual([403, 'text/xml']);
});

test('a token in the path must be good even where none is needed', async () => {
  expect((await s.get(`/t/nonsense${publicSegment}`)).status).toBe(403);
});

test('a remembered signature does not outlive its time', async () => {
  const url = signed(segment, { seconds: 10 });
  expect((await s.get(url)).status).toBe(200);
  clock.advance(10);
  expect((await s.get(url)).body.toString()).toContain('<Code>AccessDenied</Code>');
});

test.each([
  ['another path', (url: string) => url.replace('s00000', 's00001')],
  ['a later expiry', (url: string) => url.replace(/Expires=\d+/, 'Expires=4102444800')],
  ['an own query added', (url: string) => `${url}&x=1`],
])('a signed URL with %s is refused', async (_what, tamper) => {
  const url = signed(segment);
  expect((await s.get(url)).status).toBe(200);
  expect((await s.get(tamper(url))).status).toBe(403);
});

test.each([
  ['/assets/../access/x', 400],
  [`/assets/${PUBLIC}/%2e%2e/master.m3u8`, 400],
  [`/assets/${PUBLIC}%2fmaster.m3u8`, 400],
  [`/assets/${PUBLIC}/master.m3u8%00`, 400],
  [`/assets/${PUBLIC}\\master.m3u8`, 400],
  [`/assets/${PUBLIC}/other.m3u8`, 404],
  [`//assets/${PUBLIC}/master.m3u8`, 404],
  [`/access/${PUBLIC}`, 404],
  ['/v1/edge/feed', 404],
  ['/', 404],
  [`/assets/${PUBLIC}/master.m3u8?${'x'.repeat(8_200)}`, 414],
])('the path %s is answered %i without asking the origin', async (target, status) => {
  const answer = await s.get(target);
  expect(answer.status).toBe(status);
  expect(s.origin.asked).toEqual([]);
});

test('what changes things is not allowed here', async () => {
  const answer = await s.get(publicSegment, { method: 'DELETE' });
  expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
});

test('pages of any origin may read, those of the console with cookies', async () => {
  const any = await s.get(publicSegment, { headers: { Origin: 'https://any.example' } });
  expect(any.headers).toMatchObject({ 'access-control-allow-origin': '*', vary: 'Origin' });
  expect(any.headers['access-control-allow-credentials']).toBeUndefined();
  const own = await s.get(publicSegment, { headers: { Origin: CONSOLE } });
  expect(own.headers).toMatchObject({
    'access-control-allow-origin': CONSOLE,
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  });
  const refused = await s.get(master, { headers: { Origin: CONSOLE } });
  expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([403, CONSOLE]);
});

test('a browser that asks beforehand is answered by the edge', async () => {
  const answer = await s.get(master, {
    method: 'OPTIONS',
    headers: { Origin: CONSOLE, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'range' },
  });
  expect(answer.status).toBe(204);
  expect(answer.headers['access-control-allow-headers']).toMatch(/Range.*Authorization.*If-None-Match/);
  expect(s.origin.asked).toEqual([]);
});

test('the origin sees the edge, the bare path, and nothing of the viewer but his address', async () => {
  await s.get(signed(segment), { headers: { Cookie: 'session=1', 'User-Agent': 'somebody', Range: 'bytes=0-1' } });
  const asked = s.origin.last(segment)?.headers ?? {};
  const signature = asked[EDGE_SIGNATURE_HEADER];
  expect(verifyEdge(FLEET_SECRET, 'GET', segment, String(signature), clock.ms)).toBe(EDGE_ID);
  expect([asked.cookie, asked['user-agent'], asked.range]).toEqual([undefined, undefined, undefined]);
  expect(asked['x-forwarded-for']).toBe('127.0.0.1');
});

test('who may watch is asked once for many viewers, and again after two seconds', async () => {
  await Promise.all(Array.from({ length: 10 }, () => s.get(publicSegment)));
  expect(s.origin.count(`/access/${PUBLIC}`)).toBe(1);
  s.origin.serve(`/access/${PUBLIC}`, { body: '{"policy":"signed"}' });
  clock.advance(2);
  expect((await s.get(publicSegment)).status).toBe(403);
});

test('while the origin is away its last word about a film stands', async () => {
  await s.get(publicSegment);
  await s.origin.stop();
  clock.advance(60);
  const answer = await s.get(publicSegment);
  expect([answer.status, answer.headers['x-cache']]).toEqual([200, 'Hit from frontrow']);
});

test('a slow origin does not hold viewers up who may be judged by its last word', async () => {
  await s.get(publicSegment);
  clock.advance(60);
  const held = s.origin.hold(`/access/${PUBLIC}`);
  expect((await s.get(publicSegment)).headers['x-cache']).toBe('Hit from frontrow');
  held.release({ body: '{"policy":"public"}' });
});

test('a segment that is still being encoded is passed through as such and never kept', async () => {
  const pending = { status: 503, headers: { 'Retry-After': '1' }, body: '{"code":"SEGMENT_PENDING"}' };
  s.origin.serve(publicSegment, pending);
  const first = await s.get(publicSegment);
  expect([first.status, first.headers['retry-after'], first.headers['x-cache']]).toEqual([
    503,
    '1',
    'Error from frontrow',
  ]);
  s.origin.serve(publicSegment, { headers: { 'Cache-Control': 'public, max-age=31536000, immutable' }, body: 'ready' });
  expect((await s.get(publicSegment)).body.toString()).toBe('ready');
});

test('no fact ever holds a token or a signature', async () => {
  await s.get(signed(segment));
  await s.get(`/t/${token()}${segment}`);
  await s.get(`/t/nonsense${segment}`);
  await s.settled(3);
  expect(s.facts.map((fact) => fact.path)).toEqual([segment, segment, segment]);
  expect(s.facts[2]).toMatchObject({ status: 403, verdict: 'bypass', reason: 'refused', faultCode: 'GRANT_REJECTED' });
});

test('the edge answers for its own health', async () => {
  const answer = await s.get('/health');
  expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([200, { status: 'ok' }]);
});

test('a signed playlist asked for again is the same, and a newer one from the origin takes its place', async () => {
  const url = signed(master);
  const first = await s.get(url);
  const again = await s.get(url);
  expect([again.body.toString(), again.headers.etag]).toEqual([first.body.toString(), first.headers.etag]);
  const other = await s.get(signed(master, { seconds: 900 }));
  expect(other.body.toString()).not.toBe(first.body.toString());
  s.origin.serve(master, {
    headers: { 'Cache-Control': 'public, max-age=5', ETag: '"newer"' },
    body: MASTER.replace('360p', '720p'),
  });
  clock.advance(6);
  const newer = await s.get(url);
  expect(newer.body.toString()).toContain('720p');
  expect((await s.get(url)).body.toString()).toBe(newer.body.toString());
});
