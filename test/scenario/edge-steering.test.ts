import { afterEach, describe, expect, test } from 'vitest';
import { Geo } from '../../src/geo/geo.ts';
import { edgeCredentialOf, peerSecretOf, signAsEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { signToken } from '../../src/kernel/access/grant-token.ts';
import { signCookies, signUrl } from '../../src/kernel/access/sign.ts';
import { silentLog } from '../../src/kernel/log.ts';
import type { FleetEdge } from '../../src/kernel/steering/fleet.ts';
import type { SteeringManifest } from '../../src/kernel/steering/manifest.ts';
import { type Answer, EDGE_ID, FLEET_SECRET } from '../harness/edge-scenario.ts';
import { KEY_PAIR_ID, MASTER, PUBLIC, privateKey, SIGNED, startFilmEdge } from '../harness/film-edge.ts';
import { LiveOrigin, STREAM } from '../harness/live-origin.ts';

const A: FleetEdge = { id: EDGE_ID, url: 'http://a.example', healthy: true, draining: false, load: 0 };
const B: FleetEdge = { ...A, id: 'ed_b', url: 'http://b.example' };
const STEERED =
  '#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI="/steering?base=ed_abcdefghjkmnpqrs",PATHWAY-ID="ed_abcdefghjkmnpqrs"\n#EXT-X-STREAM-INF:BANDWIDTH=1000000,PATHWAY-ID="ed_abcdefghjkmnpqrs"\nv1/360p/index.m3u8\n';

const open = `/assets/${PUBLIC}/master.m3u8`;
const closed = `/assets/${SIGNED}/master.m3u8`;

let stop: (() => Promise<void>) | undefined;
afterEach(() => stop?.());

async function start(edges: readonly FleetEdge[], more: object = {}, settings: object = {}) {
  const edge = await startFilmEdge({ edges, settings: { edgeUrl: A.url, ...settings }, ...more });
  ({ stop } = edge);
  return edge;
}

const told = ({ body }: Answer): SteeringManifest => JSON.parse(body.toString());

describe('a multivariant playlist', () => {
  test.each<[string, readonly FleetEdge[]]>([
    ['there is one edge', [A]],
    ['this edge is not one of them', [B, { ...B, id: 'ed_c', url: 'http://c.example' }]],
    ['no other is reached by a change of host', [A, { ...B, url: 'https://b.example' }]],
    ['control tells of none', []],
  ])('stays as it is stored where %s', async (_, edges) => {
    const { s } = await start(edges);
    const answer = await s.get(open);
    expect(answer.body.toString()).toBe(MASTER);
    expect(answer.headers.etag).toBe(`"${PUBLIC}"`);
  });

  test('says where to ask for the best edge where there are several, cold and hot, from one stored copy', async () => {
    const { s } = await start([A, B]);
    const cold = await s.get(open);
    const hot = await s.get(open);
    expect([cold, hot].map(({ body }) => body.toString())).toEqual([STEERED, STEERED]);
    expect(hot.headers['cache-control']).toBe('public, max-age=5');
    expect(hot.headers['x-cache']).toBe('Hit from frontrow');
    expect(s.origin.count(open)).toBe(1);
    const same = await s.get(open, { headers: { 'If-None-Match': hot.headers.etag ?? '' } });
    expect(same.status).toBe(304);
    expect((await s.get(open, { headers: { 'If-None-Match': `"${PUBLIC}"` } })).status).toBe(200);
  });

  test('of a broadcast says so too, and a parent that it goes through leaves it alone', async () => {
    const { s } = await start([A, B]);
    const live = new LiveOrigin();
    s.origin.serve(`/access/${STREAM}`, { body: JSON.stringify({ policy: 'public' }) });
    s.origin.otherwise(({ target }, response) => live.answer(target, response));
    const path = `/live/${STREAM}/master.m3u8`;
    const text = (await s.get(path)).body.toString();
    expect(text).toContain(`#EXT-X-CONTENT-STEERING:SERVER-URI="/steering?base=${A.id}",PATHWAY-ID="${A.id}"`);
    expect(text.match(/^#EXT-X-STREAM-INF:.*$/gm)?.every((line) => line.includes(`PATHWAY-ID="${A.id}"`))).toBe(true);
    const peer = edgeCredentialOf(FLEET_SECRET, EDGE_ID);
    const signature = signAsEdge(peer, 'GET', path, s.clock.now(), peerSecretOf(FLEET_SECRET));
    const asked = await s.get(path, { headers: { [EDGE_SIGNATURE_HEADER]: signature } });
    expect(asked.body.toString()).not.toContain('STEERING');
  });

  test('is not split by what players add when they ask', async () => {
    const { s } = await start([A, B]);
    await s.get(open);
    await s.get(`${open}?_HLS_pathway=ed_b&_HLS_throughput=5000000`);
    expect(s.origin.count(open)).toBe(1);
  });

  test('under a signed URL has children that another edge lets in as well', async () => {
    const { s, clock } = await start([A, B]);
    const url = signUrl({ url: s.url + closed, keyPairId: KEY_PAIR_ID, privateKey, expiresAtMs: clock.ms + 60_000 });
    const text = (await s.get(url.slice(s.url.length))).body.toString();
    expect(text).toContain('SERVER-URI="/steering?base=ed_abcdefghjkmnpqrs"');
    const child = text.split('\n').find((line) => line.startsWith('/t/')) ?? '';
    expect((await s.get(child, { headers: { Host: 'b.example' } })).status).toBe(200);
  });

  test('goes to an edge as it is stored: that one writes its own lines', async () => {
    const { s, clock } = await start([A, B]);
    const credential = edgeCredentialOf(FLEET_SECRET, 'ed_bcdefghjkmnpqrst');
    const signature = signAsEdge(credential, 'GET', open, clock.ms, peerSecretOf(FLEET_SECRET));
    const answer = await s.get(open, { headers: { [EDGE_SIGNATURE_HEADER]: signature } });
    expect(answer.body.toString()).toBe(MASTER);
    expect((await s.get(open)).body.toString()).toBe(STEERED);
  });

  test('goes without steering to who brings cookies, which another host would not get', async () => {
    const { s, clock } = await start([A, B]);
    const terms = { keyPairId: KEY_PAIR_ID, privateKey, expiresAtMs: clock.ms + 60_000 };
    const cookies = signCookies({ url: `${s.url}/`, resource: `${s.url}/assets/*`, ...terms });
    const Cookie = Object.entries(cookies)
      .map((pair) => pair.join('='))
      .join('; ');
    expect((await s.get(closed, { headers: { Cookie } })).body.toString()).toBe(MASTER);
    const token = signToken({ paths: ['/assets/*'], expiresAtMs: terms.expiresAtMs }, KEY_PAIR_ID, privateKey);
    expect((await s.get(`/t/${token}${closed}`)).body.toString()).toBe(STEERED);
  });
});

describe('the steering manifest', () => {
  test('is no cached thing, is readable for every page, and gives the player a session of its own', async () => {
    const { s } = await start([A, B]);
    const answer = await s.get('/steering?base=ed_abcdefghjkmnpqrs&_HLS_pathway=ed_abcdefghjkmnpqrs&_HLS_throughput=1');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/vnd.apple.steering-list',
      'cache-control': 'private, no-store',
      'access-control-allow-origin': '*',
    });
    expect(told(answer)).toMatchObject({
      VERSION: 1,
      TTL: 20,
      'PATHWAY-PRIORITY': ['ed_abcdefghjkmnpqrs', 'ed_b'],
      'PATHWAY-CLONES': [{ 'BASE-ID': 'ed_abcdefghjkmnpqrs', ID: 'ed_b', 'URI-REPLACEMENT': { HOST: 'b.example' } }],
    });
    expect(told(answer)['RELOAD-URI']).toMatch(/^http:\/\/b\.example\/steering\/[\w-]{16}\?base=ed_abcdefghjkmnpqrs$/);
    expect(told(await s.get('/steering?base=ed_abcdefghjkmnpqrs'))['RELOAD-URI']).not.toBe(told(answer)['RELOAD-URI']);
  });

  test.each(['ed_b', '%22ed_b%22'])('keeps a session at the edge in use, named as %s', async (pathway) => {
    const { s } = await start([A, B]);
    const manifest = told(await s.get(`/steering/s1?base=ed_abcdefghjkmnpqrs&_HLS_pathway=${pathway}`));
    expect(manifest['PATHWAY-PRIORITY']).toEqual(['ed_b', 'ed_abcdefghjkmnpqrs']);
    expect(manifest['RELOAD-URI']).toBe('http://a.example/steering/s1?base=ed_abcdefghjkmnpqrs');
  });

  test('leads to the edge near the viewer, by the word of a trusted proxy', async () => {
    const places = new Geo({ folder: '', log: silentLog });
    await places.load('places');
    const edges = [
      { ...A, location: { latitude: 35.7, longitude: 139.7, country: 'JP' } },
      { ...B, location: { latitude: 51.5, longitude: -0.1, country: 'GB' } },
    ];
    const { s } = await start(edges, { places }, { edgeTrustedProxies: 'private' });
    const from = async (ip: string) =>
      told(
        await s.get('/steering?base=ed_abcdefghjkmnpqrs&_HLS_pathway=ed_abcdefghjkmnpqrs', {
          headers: { 'X-Forwarded-For': ip },
        }),
      );
    expect((await from('81.2.69.142'))['PATHWAY-PRIORITY']).toEqual(['ed_b', 'ed_abcdefghjkmnpqrs']);
    expect((await from('133.1.1.1'))['PATHWAY-PRIORITY']).toEqual(['ed_abcdefghjkmnpqrs', 'ed_b']);
  });

  test('leads away from an edge that is draining', async () => {
    const { s } = await start([{ ...A, draining: true }, B]);
    const manifest = told(await s.get('/steering?base=ed_abcdefghjkmnpqrs&_HLS_pathway=ed_abcdefghjkmnpqrs'));
    expect(manifest).toMatchObject({ TTL: 10, 'PATHWAY-PRIORITY': ['ed_b', 'ed_abcdefghjkmnpqrs'] });
  });

  test.each([
    ['/steering?base=<script>', 200],
    ['/steering?base=nobody', 200],
    ['/steering/..%2f..%2f?base=ed_abcdefghjkmnpqrs', 400],
    [`/steering/${'s'.repeat(65)}`, 404],
    ['/steering/s1/more', 404],
    ['/steeringwheel', 404],
  ])('%s gets %d, and nothing of it in the answer', async (target, status) => {
    const { s } = await start([A, B]);
    const answer = await s.get(target);
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).not.toContain('script');
  });

  test('is not there where control has told of no edges', async () => {
    const { s } = await start([]);
    expect((await s.get('/steering?base=ed_abcdefghjkmnpqrs')).status).toBe(404);
  });

  test('answers a browser that asks before it asks', async () => {
    const { s } = await start([A, B]);
    const answer = await s.get('/steering', { method: 'OPTIONS', headers: { Origin: 'https://page.example' } });
    expect(answer.status).toBe(204);
  });
});
