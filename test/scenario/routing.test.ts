import { afterEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/kernel/ids.ts';
import type { FleetEdge } from '../../src/kernel/steering/fleet.ts';
import { type ControlServer, EDGE, startControl } from '../harness/control-server.ts';

const TOKYO: FleetEdge = {
  id: 'ed_tyo',
  url: 'https://tyo.example',
  location: { latitude: 35.7, longitude: 139.7, country: 'JP' },
  healthy: true,
  draining: false,
  load: 0,
};
const LONDON: FleetEdge = {
  ...TOKYO,
  id: 'ed_lon',
  url: 'https://lon.example',
  location: { latitude: 51.5, longitude: -0.1, country: 'GB' },
};
const FROM_BRITAIN = { 'x-forwarded-for': '81.2.69.142' };
const FROM_JAPAN = { 'x-forwarded-for': '133.1.1.1' };

let control: ControlServer;
afterEach(() => control.stop());

async function start(edges: readonly FleetEdge[], trustedProxies = 'private'): Promise<ControlServer> {
  control = await startControl({ edges, settings: { trustedProxies } });
  return control;
}

const ask = (path: string, headers: Record<string, string> = {}) => control.call(path, { headers, token: null });

describe('GET /v1/route', () => {
  test('names the edge near the viewer, without a token, by the word of a trusted proxy', async () => {
    await start([TOKYO, LONDON]);
    const answer = await ask('/v1/route?path=/assets/as_x/master.m3u8%3Fa%3D1', FROM_BRITAIN);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toEqual({
      url: 'https://lon.example/assets/as_x/master.m3u8?a=1',
      edges: [
        { edgeId: 'ed_lon', url: 'https://lon.example/assets/as_x/master.m3u8?a=1', country: 'GB', distanceKm: 0 },
        {
          edgeId: 'ed_tyo',
          url: 'https://tyo.example/assets/as_x/master.m3u8?a=1',
          country: 'JP',
          distanceKm: expect.any(Number),
        },
      ],
    });
    const other = await ask('/v1/route?path=/a', FROM_JAPAN);
    expect(await other.json()).toMatchObject({ url: 'https://tyo.example/a' });
  });

  test('believes nobody about the address who is not trusted', async () => {
    await start([TOKYO, LONDON], '');
    const urls = await Promise.all(
      [FROM_BRITAIN, FROM_JAPAN].map(async (from) => (await ask('/v1/route', from)).json()),
    );
    expect(urls[0]).toEqual(urls[1]);
  });

  test('leaves out edges that are down or draining while another is well', async () => {
    await start([{ ...LONDON, healthy: false }, TOKYO, { ...LONDON, id: 'ed_2', draining: true }]);
    const { edges } = (await (await ask('/v1/route', FROM_BRITAIN)).json()) as { edges: { edgeId: string }[] };
    expect(edges.map(({ edgeId }) => edgeId)).toEqual(['ed_tyo']);
  });

  test('names the one edge of a server that has but one', async () => {
    await start([]);
    expect(await (await ask('/v1/route?path=/a')).json()).toMatchObject({ url: `${EDGE}/a` });
  });

  test.each(['//evil.example/', '/\\evil.example', 'https://evil.example', '', 'a', '/a%0d%0ab'])(
    'refuses the path %j',
    async (path) => {
      await start([LONDON]);
      expect((await ask(`/v1/route?path=${encodeURIComponent(decodeURIComponent(path))}`)).status).toBe(400);
    },
  );
});

describe('the router', () => {
  test('leads to the nearest edge that is well, with the query as it came', async () => {
    await start([TOKYO, LONDON]);
    const query = 'Policy=ab~-_&Signature=a+b%2F&Key-Pair-Id=K&x=%e4';
    const answer = await ask(`/r/assets/as_x/master.m3u8?${query}`, FROM_JAPAN);
    expect(answer.status).toBe(307);
    expect(answer.headers.get('location')).toBe(`https://tyo.example/assets/as_x/master.m3u8?${query}`);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  test.each([
    ['/r//evil.example/', 'https://lon.example//evil.example/'],
    ['/r/%5cevil.example', 'https://lon.example/%5cevil.example'],
    ['/r/@evil.example', 'https://lon.example/@evil.example'],
  ])('never leads elsewhere: %s', async (path, location) => {
    await start([LONDON]);
    expect((await ask(path)).headers.get('location')).toBe(location);
  });

  test.each([
    ['/%72/a', '404', undefined],
    ['http://elsewhere.example/r/a?b=1', '307', 'https://lon.example/a?b=1'],
  ])('takes nothing of the request line into the name of a host: %s', async (target, status, location) => {
    await start([LONDON]);
    const answer = await control.answerTo(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer.split(' ')[1]).toBe(status);
    expect(/^location: (.*)\r$/im.exec(answer)?.[1]).toBe(location);
  });
});

describe('a grant', () => {
  const grantFor = async (json: object) => {
    const { id } = await control.assets.create({ id: newId('as'), title: '', policy: 'signed', sourceName: 'a.mp4' });
    return control.call('/v1/playback-grants', { json: { assetId: id, ...json } });
  };

  test('is signed for the edge near the viewer whose address is given', async () => {
    await start([TOKYO, LONDON]);
    const near = (await (await grantFor({ viewerAddress: '81.2.69.142' })).json()) as Record<string, string>;
    for (const name of ['url', 'posterUrl', 'tokenUrl', 'pathUrl']) {
      expect(new URL(near[name] ?? '').origin).toBe('https://lon.example');
    }
    const anywhere = (await (await grantFor({})).json()) as Record<string, string>;
    expect(new URL(anywhere.url ?? '').origin).toBe(EDGE);
  });

  test('is refused for what is no address', async () => {
    await start([LONDON]);
    const answer = await grantFor({ viewerAddress: 'localhost' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
