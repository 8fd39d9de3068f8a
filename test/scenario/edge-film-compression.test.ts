import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signUrl } from '../../src/kernel/access/sign.ts';
import type { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import { CONTENT_KEY, KEY_PAIR_ID, PUBLIC, privateKey, SIGNED, startFilmEdge } from '../harness/film-edge.ts';

const BROWSER = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };
const LINES = Array.from({ length: 200 }, (_, at) => `#EXTINF:4,\ns${String(at).padStart(5, '0')}.m4s\n`).join('');
const PLAYLIST = `#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n${LINES}#EXT-X-ENDLIST\n`;

let s: EdgeScenario;
let clock: HandClock;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ s, clock, stop } = await startFilmEdge());
});
afterEach(() => stop());

function serve(path: string, type: string, body: string | Buffer, cacheControl = 'public, max-age=5'): string {
  s.origin.serve(path, { headers: { 'Cache-Control': cacheControl, 'Content-Type': type, ETag: '"x"' }, body });
  return path;
}

function signedUrl(path: string, seconds: number): string {
  const expiresAtMs = clock.ms + seconds * 1000;
  return signUrl({ url: s.url + path, keyPairId: KEY_PAIR_ID, privateKey, expiresAtMs }).slice(s.url.length);
}

test.each([
  ['a playlist', `/assets/${PUBLIC}/v1/360p/index.m3u8`, 'application/vnd.apple.mpegurl'],
  ['a manifest', `/assets/${PUBLIC}/manifest.mpd`, 'application/dash+xml'],
  ['subtitles', `/assets/${PUBLIC}/subtitles/de/s00000.vtt`, 'text/vtt'],
  ['a storyboard', `/assets/${PUBLIC}/storyboard.vtt`, 'text/vtt; charset=utf-8'],
])('%s is compressed for browsers, cold and hot', async (_what, path, type) => {
  serve(path, type, PLAYLIST);
  for (let time = 0; time < 2; time += 1) {
    const { headers, body } = await s.get(path, { headers: BROWSER });
    expect(headers).toMatchObject({ 'content-encoding': 'br', 'content-type': type, etag: 'W/"x"' });
    expect(brotliDecompressSync(body).toString()).toBe(PLAYLIST);
    await s.settled(time + 1);
  }
  expect(s.origin.last(path)?.headers['accept-encoding']).toBe('identity');
});

test.each([
  ['a segment', `/assets/${PUBLIC}/v1/360p/s00001.m4s`, 'video/mp4', 'public, max-age=31536000, immutable'],
  ['an init section', `/assets/${PUBLIC}/v1/360p/init.mp4`, 'video/mp4', 'public, max-age=31536000, immutable'],
  ['a poster', `/assets/${PUBLIC}/poster.jpg`, 'image/jpeg', 'public, max-age=5'],
])('%s never is', async (_what, path, type, cacheControl) => {
  serve(path, type, PLAYLIST, cacheControl);
  const { headers, body } = await s.get(path, { headers: BROWSER });
  expect([headers['content-encoding'], headers.vary, body.toString()]).toEqual([undefined, 'Origin', PLAYLIST]);
});

test("an encrypted film's key never is", async () => {
  const { headers, body } = await s.get(`/assets/${PUBLIC}/v2/key`, { headers: BROWSER });
  expect([headers['content-encoding'], body.equals(CONTENT_KEY)]).toEqual([undefined, true]);
});

test("a playlist written for one viewer's signed URL is compressed once, and is that viewer's own", async () => {
  const path = serve(`/assets/${SIGNED}/v1/360p/index.m3u8`, 'application/vnd.apple.mpegurl', PLAYLIST);
  const own = (await s.get(signedUrl(path, 600))).body.toString();
  const tags = new Set<string | undefined>();
  for (let time = 0; time < 3; time += 1) {
    const { headers, body } = await s.get(signedUrl(path, 600), { headers: BROWSER });
    expect([headers['content-encoding'], brotliDecompressSync(body).toString()]).toEqual(['br', own]);
    expect(headers.vary?.split(', ')).toContain('Accept-Encoding');
    tags.add(headers.etag);
  }
  expect([tags.size, s.edge.compressions?.counts.br.done]).toEqual([1, 1]);
  const other = await s.get(signedUrl(path, 900), { headers: { 'Accept-Encoding': 'gzip' } });
  const others = gunzipSync(other.body).toString();
  expect([others === own, others.replaceAll(/\/t\/[^/]+\//g, '/')]).toEqual([
    false,
    own.replaceAll(/\/t\/[^/]+\//g, '/'),
  ]);
  expect(tags.has(other.headers.etag)).toBe(false);
  expect(s.origin.count(path)).toBe(1);
});

test('a signed playlist on disk is written anew for its viewer where memory has no room for it', async () => {
  await stop();
  ({ s, clock, stop } = await startFilmEdge({ settings: { edgeDiskBytes: 100_000_000, cacheBytes: 1_048_576 } }));
  const long = PLAYLIST.replace('#EXT-X-ENDLIST', `${LINES.repeat(20)}#EXT-X-ENDLIST`);
  const path = serve(`/assets/${SIGNED}/v1/360p/index.m3u8`, 'application/vnd.apple.mpegurl', long);
  const own = await s.get(signedUrl(path, 600));
  await s.edge.written();
  await s.restartEdge();
  // What is on its way has been promised all of it.
  const segments = Array.from({ length: 8 }, (_, at) => `/assets/${PUBLIC}/v1/360p/s0001${at}.m4s`);
  for (const segment of segments) {
    const held = s.origin.hold(segment);
    s.viewer(segment);
    await held.arrived;
    held.head({ headers: { 'Cache-Control': 'max-age=60' }, lengthBytes: 120_000 });
  }
  while (s.edge.usage.cachedBytes < 960_000) await new Promise(setImmediate);
  const again = await s.get(signedUrl(path, 600), { headers: BROWSER });
  expect([again.status, again.headers['content-encoding']]).toEqual([200, 'br']);
  const text = brotliDecompressSync(again.body).toString();
  expect(text.replaceAll(/\/t\/[^/]+\//g, '/')).toBe(own.body.toString().replaceAll(/\/t\/[^/]+\//g, '/'));
  expect(again.headers['cache-status']).toContain('detail=disk');
});

test("the first viewer's own playlist is compressed, and found again", async () => {
  const path = serve(`/assets/${SIGNED}/v1/360p/index.m3u8`, 'application/vnd.apple.mpegurl', PLAYLIST);
  const answers = [];
  for (let time = 0; time < 2; time += 1) answers.push(await s.get(signedUrl(path, 600), { headers: BROWSER }));
  const [cold, hot] = answers.map(({ body }) => brotliDecompressSync(body).toString());
  expect([cold, s.edge.compressions?.counts.br.done]).toEqual([hot, 1]);
  expect(cold).toContain('/t/');
});
