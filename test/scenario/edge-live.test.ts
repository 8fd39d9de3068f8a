import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { signCookies, signUrl } from '../../src/kernel/access/sign.ts';
import { EDGE_ID, type EdgeScenario, FLEET_SECRET, type HandClock } from '../harness/edge-scenario.ts';
import { KEY_PAIR_ID, privateKey, startFilmEdge } from '../harness/film-edge.ts';
import { LiveOrigin, STREAM } from '../harness/live-origin.ts';

const master = `/live/${STREAM}/master.m3u8`;
const { playlistPath: playlist, mediaPath: media } = LiveOrigin;

let s: EdgeScenario;
let clock: HandClock;
let live: LiveOrigin;
let stop: (() => Promise<void>) | undefined;

async function start(policy: 'public' | 'signed', settings: object = {}): Promise<void> {
  ({ s, clock, stop } = await startFilmEdge({ settings }));
  live = new LiveOrigin();
  s.origin.serve(`/access/${STREAM}`, { body: JSON.stringify({ policy }) });
  s.origin.otherwise(({ target }, response) => live.answer(target, response));
}

afterEach(() => stop?.());

/** Resolves when the edge has asked for a target and is made to wait for it. */
async function held(target: string): Promise<void> {
  await expect.poll(() => live.count(target)).toBe(1);
}

async function waiting(count: number): Promise<void> {
  await expect.poll(() => s.edge.usage.waiting).toBe(count);
}

describe('a public broadcast', () => {
  beforeEach(() => start('public'));

  test('viewers who wait for one state are one request to the origin, and all get it', async () => {
    const next = playlist('720p', '_HLS_msn=103&_HLS_part=0');
    const viewers = Array.from({ length: 50 }, () => s.viewer(next));
    await waiting(50);
    live.publish();
    const answers = await Promise.all(viewers.map((each) => each.answer));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.toString())).size).toBe(1);
    expect(answers[0]?.body.toString()).toMatch(/^#EXT-X-PART:[^\n]*s00103\.p0/m);
    expect(live.count(next)).toBe(1);
    expect(answers.filter(({ headers }) => headers['cache-status']?.includes('collapsed'))).toHaveLength(49);
  });

  test('a state has one name, whatever stands beside it', async () => {
    const next = playlist('720p', '_HLS_msn=102&_HLS_part=1&_HLS_skip=YES');
    for (const query of [
      '_HLS_skip=YES&_HLS_part=1&_HLS_msn=102',
      '_HLS_msn=102&_HLS_part=1&_HLS_skip=YES&CMCD=bl%3D4',
    ])
      expect((await s.get(playlist('720p', query))).status).toBe(200);
    expect(live.asked.filter((each) => each.includes('m3u8'))).toEqual([next]);
  });

  test.each([
    ['_HLS_msn=103&_HLS_part=0', '_HLS_msn=0103&_HLS_part=00'],
    ['_HLS_msn=103&_HLS_part=0&_HLS_skip=YES', '_HLS_skip=v2&_HLS_msn=103&_HLS_part=0'],
    ['_HLS_msn=103&_HLS_part=0', '_HLS_msn=102&_HLS_part=4'],
    ['_HLS_msn=103&_HLS_part=0', '_HLS_msn=103&_HLS_part=0&_HLS_report=1&_HLS_push=1'],
  ])('who asks for "%s" and who asks for "%s" wait for the same', async (one, other) => {
    await s.get(playlist());
    const viewers = [s.viewer(playlist('720p', one)), s.viewer(playlist('720p', other))];
    await waiting(2);
    live.publish();
    for (const { status } of await Promise.all(viewers.map((each) => each.answer))) expect(status).toBe(200);
    expect(live.asked.filter((each) => each.includes('_HLS_'))).toEqual([playlist('720p', one)]);
  });

  test('a state that has come and gone is answered by the newest playlist in hand, while that is new', async () => {
    const newest = await s.get(playlist('720p', '_HLS_msn=102&_HLS_part=3'));
    for (const query of ['_HLS_msn=3', '_HLS_msn=101&_HLS_part=99', '_HLS_msn=102', '_HLS_msn=102&_HLS_skip=YES'])
      expect((await s.get(playlist('720p', query))).body).toEqual(newest.body);
    expect(live.asked.filter((each) => each.includes('m3u8'))).toHaveLength(1);
    clock.advance(3);
    await s.get(playlist('720p', '_HLS_msn=3'));
    expect(live.count(playlist('720p', '_HLS_msn=3'))).toBe(1);
  });

  test('what is far ahead of a playlist in hand is refused without a word to the origin', async () => {
    await s.get(playlist());
    for (const query of [
      '_HLS_msn=200',
      '_HLS_msn=999999&_HLS_part=3&_HLS_skip=YES',
      '_HLS_msn=99999999999999999999',
    ]) {
      const { status, body, headers } = await s.get(playlist('720p', query));
      expect([status, JSON.parse(body.toString()).code]).toEqual([400, 'LIVE_DIRECTIVES_INVALID']);
      expect(headers['cache-control']).toBe('no-store');
    }
    expect(live.asked.filter((each) => each.includes('_HLS_'))).toEqual([]);
  });

  test('what is far ahead is so whatever the time of day is set to', async () => {
    await s.get(playlist());
    clock.ms += 3_600_000;
    expect((await s.get(playlist('720p', '_HLS_msn=200'))).status).toBe(400);
    expect(live.asked.filter((each) => each.includes('_HLS_'))).toEqual([]);
  });

  test('nothing of a query tells media apart', async () => {
    const segment = media('1/s00101.m4s');
    await s.get(`${segment}?_HLS_msn=1`);
    expect((await s.get(`${segment}?x=2`)).headers['x-cache']).toBe('Hit from frontrow');
    expect(live.asked).toEqual([segment]);
  });

  test.each(['_HLS_part=1', '_HLS_msn=x', '_HLS_msn=1&_HLS_msn=2', '_HLS_msn=1&_HLS_skip=maybe'])(
    '"%s" is refused by the edge itself, and nothing of that is kept',
    async (query) => {
      const { status, body, headers } = await s.get(playlist('720p', query));
      expect([status, JSON.parse(body.toString()).code]).toEqual([400, 'LIVE_DIRECTIVES_INVALID']);
      expect(headers['cache-control']).toBe('no-store');
      expect(live.asked).toEqual([]);
    },
  );

  test('what is too far ahead is refused by the origin, once for all who ask at that moment', async () => {
    const far = playlist('720p', '_HLS_msn=199');
    const answers = await Promise.all(Array.from({ length: 20 }, () => s.get(far)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
    expect(live.count(far)).toBeLessThan(20);
  });

  test('a playlist that was held is new when it comes, and ages from then on', async () => {
    const next = playlist('720p', '_HLS_msn=103&_HLS_part=0');
    const viewer = s.viewer(next);
    await held(next);
    clock.advance(3);
    live.publish();
    expect((await viewer.answer).headers.age).toBe('0');
    clock.advance(5);
    expect((await s.get(next)).headers).toMatchObject({ age: '5', 'x-cache': 'Hit from frontrow' });
    expect(live.count(next)).toBe(1);
  });

  test('who leaves does not end it for those who stay, and the last one does', async () => {
    const next = playlist('720p', '_HLS_msn=103&_HLS_part=0');
    const [first, second] = [s.viewer(next), s.viewer(next)];
    await waiting(2);
    first.leave();
    await waiting(1);
    live.publish();
    expect((await second.answer).status).toBe(200);
    const after = playlist('720p', '_HLS_msn=103&_HLS_part=1');
    const alone = s.viewer(after);
    await held(after);
    alone.leave();
    await waiting(0);
    await expect.poll(() => s.edge.usage.fills).toBe(1);
    expect(live.held).toBe(1);
  });

  test('a part that somebody asked for arrives though he left: others are about to want it', async () => {
    const part = media('1/s00103.p0.m4s');
    const viewer = s.viewer(part);
    await held(part);
    viewer.leave();
    await waiting(0);
    live.publish();
    await expect.poll(() => s.edge.usage.fills).toBe(0);
    expect((await s.get(part)).headers['x-cache']).toBe('Hit from frontrow');
    expect(live.count(part)).toBe(1);
  });

  test('the part that a watched playlist hints is asked for at once, and is there when viewers ask', async () => {
    const part = media('1/s00103.p0.m4s');
    await s.get(playlist());
    await held(part);
    const early = s.viewer(part);
    await waiting(1);
    live.publish();
    expect((await early.answer).body.toString()).toContain(part);
    expect((await s.get(part)).headers['x-cache']).toBe('Hit from frontrow');
    expect(live.count(part)).toBe(1);
    expect(live.asked.some((each) => each.includes('360p'))).toBe(false);
  });

  test('a playlist is compressed once a state, and goes out whole', async () => {
    const next = playlist('720p', '_HLS_msn=103&_HLS_part=0');
    const viewers = Array.from({ length: 20 }, () => s.viewer(next, { headers: { 'Accept-Encoding': 'gzip' } }));
    await waiting(20);
    live.publish();
    const answers = await Promise.all(viewers.map((each) => each.answer));
    for (const { headers, body } of answers) {
      expect(headers['content-encoding']).toBe('gzip');
      expect(headers['content-length']).toBe(String(body.length));
      expect(gunzipSync(body).toString()).toMatch(/^#EXT-X-PART:[^\n]*s00103\.p0/m);
    }
    expect(s.edge.compressions?.counts.gzip.done).toBe(1);
  });

  test('a stream that ends releases everybody', async () => {
    const next = playlist('720p', '_HLS_msn=103&_HLS_part=0');
    const viewers = Array.from({ length: 5 }, () => s.viewer(next));
    await waiting(5);
    live.end();
    for (const { body } of await Promise.all(viewers.map((each) => each.answer)))
      expect(body.toString()).toContain('#EXT-X-ENDLIST');
  });

  test('the origin is asked under the signature of the edge, for the state and not for the path', async () => {
    await s.get(playlist('720p', '_HLS_part=1&_HLS_msn=102'));
    const target = playlist('720p', '_HLS_msn=102&_HLS_part=1');
    const signature = s.origin.last(target)?.headers[EDGE_SIGNATURE_HEADER];
    expect(verifyEdge(FLEET_SECRET, 'GET', target, String(signature), clock.ms)).toBe(EDGE_ID);
  });
});

describe('a signed broadcast', () => {
  beforeEach(() => start('signed'));

  const terms = () => ({ keyPairId: KEY_PAIR_ID, privateKey, expiresAtMs: clock.ms + 600_000 });
  const signed = (path: string) => signUrl({ url: s.url + path, ...terms() }).slice(s.url.length);

  test('without a grant nobody is let in, and nothing is asked', async () => {
    for (const path of [master, playlist(), media('1/s00101.m4s')]) expect((await s.get(path)).status).toBe(403);
    expect(live.asked).toEqual([]);
  });

  test('who is not let in does not learn how far a broadcast is', async () => {
    await s.get(signed(playlist()));
    for (const query of ['_HLS_msn=1', '_HLS_msn=99999'])
      expect((await s.get(playlist('720p', query))).status).toBe(403);
  });

  test('a signed master leads to playlists, parts and reports of other renditions that all carry its grant', async () => {
    const child = (await s.get(signed(master))).body.toString().match(/^\/t\/.*720p.*$/m)?.[0] ?? '';
    const text = (await s.get(`${child}?_HLS_msn=102`)).body.toString();
    const base = new URL(child, 'http://edge');
    const report = /REPORT:URI="([^"]*)"/.exec(text)?.[1] ?? '';
    const part = /#EXT-X-PART:.*URI="([^"]*)"/.exec(text)?.[1] ?? '';
    const init = /MAP:URI="([^"]*)"/.exec(text)?.[1] ?? '';
    for (const uri of [report, part, init]) expect((await s.get(new URL(uri, base).pathname)).status).toBe(200);
    // hls.js takes a report for a level only where their addresses are the same to the letter.
    expect(new URL(report, base).pathname).toBe(child.replace('720p', '360p'));
  });

  test('a playlist that was signed by itself is let in with the directives that a player puts to it', async () => {
    const own = signed(playlist());
    const text = (await s.get(`${own}&_HLS_msn=102&_HLS_part=1`)).body.toString();
    const names = [...text.matchAll(/(?:PART|MAP|HINT)[^\n]*URI="([^"]*)"/g)].map(([, uri = '']) => uri);
    expect(names.length).toBeGreaterThan(3);
    for (const uri of names) expect(uri).toMatch(new RegExp(`^/t/[\\w.-]+/live/${STREAM}/b1/720p/1/`));
    expect((await s.get(names[0] ?? '')).status).toBe(200);
  });

  test('cookies for the stream let in to all of it', async () => {
    const cookies = signCookies({ url: `${s.url}/`, resource: `${s.url}/live/${STREAM}/*`, ...terms() });
    const Cookie = Object.entries(cookies)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
    for (const path of [master, playlist('720p', '_HLS_msn=102'), media('1/s00101.m4s')])
      expect((await s.get(path, { headers: { Cookie } })).status).toBe(200);
  });
});

test('more viewers than may wait are sent away for a moment, and those who wait are not disturbed', async () => {
  await start('public', { edgeLiveWaitersPerStream: 3 });
  const next = playlist('720p', '_HLS_msn=103&_HLS_part=0');
  const viewers = Array.from({ length: 3 }, () => s.viewer(next));
  await waiting(3);
  const { status, headers, body } = await s.get(next);
  expect([status, JSON.parse(body.toString()).code]).toEqual([503, 'LIVE_WAITERS_FULL']);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  live.publish();
  for (const { status } of await Promise.all(viewers.map((each) => each.answer))) expect(status).toBe(200);
});

test('what is dead within seconds is not written to disk', async () => {
  await start('public', { edgeDiskBytes: 67_108_864 });
  await s.get(playlist());
  live.publish();
  await s.get(media('1/s00103.p0.m4s'));
  await s.get(media('1/s00101.m4s'));
  await s.edge.written();
  expect(s.edge.tiers.disk?.entries).toBe(1);
});
