import { afterEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { type CallInit, type ControlServer, startControl } from '../harness/control-server.ts';

let server: ControlServer | undefined;

afterEach(async () => {
  await server?.stop();
});

async function limited(settings: Partial<Settings>): Promise<ControlServer> {
  server = await startControl({ settings });
  return server;
}

async function statuses(count: number, ask: (at: number) => Promise<Response>): Promise<number[]> {
  const all: number[] = [];
  for (let at = 0; at < count; at += 1) all.push((await ask(at)).status);
  return all;
}

describe('the API', () => {
  test('says how much is left, and when there is more', async () => {
    const { call } = await limited({ apiReadsPerMinute: 2 });
    const first = await call('/v1/assets');
    expect([first.status, first.headers.get('ratelimit-limit'), first.headers.get('ratelimit-remaining')]).toEqual([
      200,
      '2',
      '1',
    ]);
    await call('/v1/assets');
    const third = await call('/v1/assets');
    expect([third.status, ((await third.json()) as { code: string }).code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(third.headers.get('retry-after')).toBe(third.headers.get('ratelimit-reset'));
    expect(third.headers.get('access-control-expose-headers')).toContain('RateLimit-Remaining');
  });

  test('counts reading and writing apart', async () => {
    const { call } = await limited({ apiReadsPerMinute: 100, apiWritesPerMinute: 1 });
    const write = () => call('/v1/webhooks', { json: { url: 'none' } });
    expect(await statuses(2, write)).toEqual([422, 429]);
    expect((await call('/v1/webhooks')).status).toBe(200);
  });

  test('takes words of a proxy that are no address for nobody, whoever made them up', async () => {
    const { call } = await limited({ apiRoutesPerMinute: 2, trustedProxies: '127.0.0.1' });
    const from = (address: string) => call('/v1/route', { token: null, headers: { 'x-forwarded-for': address } });
    expect(await statuses(3, (at) => from(`anybody ${at}`))).toEqual([200, 200, 429]);
    expect(await statuses(3, (at) => from(`anybody ${at}, 198.51.100.7:${4_000 + at}`))).toEqual([200, 200, 429]);
    expect((await from('198.51.100.8')).status).toBe(200);
  });

  test('counts a user wherever he asks from and by whatever token, and nobody else with him', async () => {
    const { call, tokenFor } = await limited({ apiReadsPerMinute: 4, trustedProxies: '127.0.0.1' });
    const from = (address: string, init: CallInit = {}) =>
      call('/v1/assets', { ...init, headers: { 'x-forwarded-for': address } });
    const one = tokenFor('assets:read');
    const asked = await statuses(5, (at) => from(`198.51.100.${at}`, { token: one }));
    expect(asked).toEqual([200, 200, 200, 200, 429]);
    expect((await from('198.51.100.9', { token: tokenFor('assets:read') })).status).toBe(200);
  });

  test('counts an address whatever tokens it has, before it looks at one', async () => {
    const { call, tokenFor } = await limited({ apiReadsPerMinute: 3 });
    const asked = await statuses(4, () => call('/v1/assets', { token: tokenFor('assets:read') }));
    expect(asked).toEqual([200, 200, 200, 429]);
    expect((await call('/v1/assets', { token: 'none' })).status).toBe(429);
  });

  test('believes nobody about an address who is not named', async () => {
    const { call } = await limited({ apiReadsPerMinute: 1 });
    const asked = await statuses(2, (at) => call('/v1/assets', { headers: { 'x-forwarded-for': `198.51.100.${at}` } }));
    expect(asked).toEqual([200, 429]);
  });

  test('does not start with a list of proxies that is none', async () => {
    await expect(limited({ trustedProxies: 'everybody' })).rejects.toThrow('FRONTROW_TRUSTED_PROXIES');
    server = undefined;
  });

  test('takes few sign-ins, good and bad ones alike, and few tokens', async () => {
    const { call, administratorLink } = await limited({ apiSignInsPerMinute: 3 });
    const open = (signInToken: string) => call('/v1/sessions', { token: null, json: { signInToken } });
    const link = (await administratorLink()).split('/').at(-1) ?? '';
    expect(await statuses(2, () => open('guess'))).toEqual([401, 401]);
    expect((await open(link)).status).toBe(201);
    expect((await open('guess')).status).toBe(429);
    expect((await call('/v1/tokens', { json: { name: 'x', scopes: ['admin'] } })).status).toBe(429);
    expect((await call('/v1/assets')).status).toBe(200);
  });

  test('slows an address that sends tokens that are none, and leaves its good ones alone', async () => {
    const { call } = await limited({ apiFailuresPerMinute: 3 });
    expect(await statuses(5, (at) => call('/v1/assets', { token: `guess${at}` }))).toEqual([401, 401, 401, 429, 429]);
    expect((await call('/v1/assets')).status).toBe(200);
  });

  test('counts who is led to an edge apart, whatever token he sends, since many viewers share an address', async () => {
    const { call } = await limited({ apiReadsPerMinute: 1, apiFailuresPerMinute: 1, apiRoutesPerMinute: 4 });
    const path = '/assets/as_k3v9mn2p4q7r8s5t/master.m3u8';
    const led = (at: number) => call(at % 2 ? `/r${path}` : `/v1/route?path=${path}`, { token: 'none' });
    expect(await statuses(5, led)).toEqual([200, 307, 200, 307, 429]);
    expect((await call('/v1/assets')).status).toBe(200);
    expect((await call('/v1/assets')).status).toBe(429);
  });

  test('does not count the bytes of uploads, nor who asks whether it is well', async () => {
    const { call } = await limited({ apiReadsPerMinute: 1, apiWritesPerMinute: 1 });
    const tus = { 'tus-resumable': '1.0.0' };
    const headers = { ...tus, 'upload-length': '4' };
    const made = await call('/v1/uploads', { method: 'POST', headers });
    const path = new URL(made.headers.get('location') ?? '').pathname;
    const append = (at: number) =>
      call(path, {
        method: 'PATCH',
        headers: { ...tus, 'upload-offset': `${at}`, 'content-type': 'application/offset+octet-stream' },
        body: 'x',
      });
    expect(await statuses(3, append)).toEqual([204, 204, 204]);
    expect((await call('/v1/uploads', { method: 'POST', headers })).status).toBe(429);
    expect(await statuses(3, () => call('/health/live', { token: null }))).toEqual([200, 200, 200]);
  });
});

describe('a JSON body', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const send = (body: string, path = '/v1/tokens') =>
    server?.call(path, { body, headers: { 'content-type': 'application/json', 'idempotency-key': 'k' } });

  test.each([
    ['nested deep', () => nested(100_000)],
    ['nested deep where anything goes', () => `{"ladder":{"a":${nested(50_000)}}}`],
    ['cut off', () => '{"a":'],
    ['with a prototype', () => '{"__proto__":{"admin":true}}'],
    ['that is empty', () => ''],
    ['of a number', () => '1'],
  ])('%s is refused with a sentence', async (_, body) => {
    await limited({});
    const paths = ['/v1/tokens', '/v1/assets/as_aaaaaaaaaaaaaaaa/encodings', '/v1/webhooks', '/v1/sessions'];
    for (const path of paths) {
      const response = await send(body(), path);
      expect([path, response?.status, await response?.json()]).toEqual([
        path,
        400,
        expect.objectContaining({ code: 'INVALID_REQUEST', detail: expect.stringMatching(/\.$/) }),
      ]);
    }
  });

  test('nested deeper than anybody could mean is refused before anything looks into it', async () => {
    await limited({});
    const path = '/v1/assets/as_aaaaaaaaaaaaaaaa/encodings';
    const depths = await Promise.all(
      [30, 31].map(async (depth) => {
        const response = await send(`{"ladder":{"a":${nested(depth)}}}`, path);
        return ((await response?.json()) as { detail: string } | undefined)?.detail;
      }),
    );
    expect(depths).toEqual([
      expect.not.stringContaining('nested'),
      'The body is nested deeper than 32 arrays and objects.',
    ]);
  });

  test('larger than any operation needs is refused', async () => {
    await limited({});
    const { status } = (await send(JSON.stringify({ name: 'x'.repeat(300_000) }))) ?? {};
    expect(status).toBe(413);
  });
});
