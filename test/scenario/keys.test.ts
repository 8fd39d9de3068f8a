import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mintToken } from '../../src/control/tokens.ts';
import { readCredential } from '../../src/kernel/access/credential.ts';
import { verifyGrant } from '../../src/kernel/access/verify.ts';
import { type ControlServer, EDGE, startControl } from '../harness/control-server.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';

let folder: string;
let server: ControlServer;

beforeEach(async () => {
  folder = await freshFolder();
  server = await startControl({ folder });
});

afterEach(async () => {
  await server.stop();
  await removeFolder(folder);
});

async function json<T>(response: Response, status: number): Promise<T> {
  const body = (await response.json()) as T;
  expect({ status: response.status, body }).toMatchObject({ status });
  return body;
}

const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];

interface Key {
  readonly keyPairId: string;
  readonly publicKeyPem: string;
  readonly privateKeyPem?: string;
  readonly [name: string]: unknown;
}

describe('signing keys', () => {
  test('are made with a private half that is shown once and never again', async () => {
    const made = await json<Key>(await server.call('/v1/signing-keys', { json: { name: 'site' } }), 201);
    expect(made).toMatchObject({ keyPairId: expect.stringMatching(/^K[A-Z0-9]{13}$/), name: 'site', algorithm: 'RSA' });
    expect(made.privateKeyPem).toContain('BEGIN PRIVATE KEY');
    const { items } = await json<{ items: Key[] }>(await server.call('/v1/signing-keys'), 200);
    expect(items.map(({ owner }) => owner)).toEqual(['server', 'user']);
    expect(JSON.stringify(items)).not.toContain('PRIVATE');
  });

  test('may be brought along, RSA and P-256', async () => {
    for (const [algorithm, publicKey] of [
      ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
      ['ECDSA', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey],
    ] as const) {
      const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const made = await json<Key>(await server.call('/v1/signing-keys', { json: { publicKeyPem } }), 201);
      expect(made).toMatchObject({ algorithm, publicKeyPem });
      expect(made.privateKeyPem).toBeUndefined();
    }
  });

  test('of another kind, private ones and rubbish are refused', async () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const pems = [
      'rubbish',
      small.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      small.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ];
    for (const publicKeyPem of pems) {
      const response = await server.call('/v1/signing-keys', { json: { publicKeyPem } });
      expect((await codeOf(response))[1]).toBe('SIGNING_KEY_INVALID');
    }
  });

  test('revoked ones stay listed and are not found twice', async () => {
    const { keyPairId } = await json<Key>(await server.call('/v1/signing-keys', { json: {} }), 201);
    expect((await server.call(`/v1/signing-keys/${keyPairId}`, { method: 'DELETE' })).status).toBe(204);
    const { items } = await json<{ items: Key[] }>(await server.call('/v1/signing-keys'), 200);
    expect(items.find((key) => key.keyPairId === keyPairId)?.revokedAt).toBeDefined();
    expect((await server.call('/v1/signing-keys/KNONE', { method: 'DELETE' })).status).toBe(404);
  });
});

interface Grant {
  readonly url: string;
  readonly posterUrl: string;
  readonly storyboardUrl: string;
  readonly tokenUrl: string;
  readonly pathUrl: string;
  readonly token: string;
  readonly cookies: Record<string, string>;
  readonly cookiePath: string;
  readonly expiresAt: string;
  readonly keyPairId: string;
}

interface LiveGrant extends Grant {
  readonly channelUrl: string;
}

describe('a playback grant', () => {
  let assetId: string;
  let serverKey: KeyObject;

  beforeEach(async () => {
    ({ assetId } = await json<{ assetId: string }>(await server.call('/v1/assets?title=x', { body: 'film' }), 201));
    serverKey = createPublicKey(server.secrets.grantKey.publicKeyPem);
  });

  const granted = (url: string, headers: { cookie?: string; authorization?: string } = {}, ip = '203.0.113.9') => {
    const { pathname, search, origin } = new URL(url);
    const source = {
      target: pathname + search,
      cookieHeader: headers.cookie,
      authorizationHeader: headers.authorization,
    };
    const { credential, path, query } = readCredential(source);
    const asked = { url: `${origin}${path}${query ? `?${query}` : ''}`, path, ip, nowMs: Date.now() };
    const find = (id: string) => (id === server.secrets.grantKey.keyPairId ? serverKey : undefined);
    return verifyGrant(credential, asked, { find }).granted;
  };

  test('lets a viewer in by every carrier, and only to its own asset', async () => {
    const grant = await json<Grant>(await server.call('/v1/playback-grants', { json: { assetId } }), 201);
    const master = `${EDGE}/assets/${assetId}/master.m3u8`;
    const segment = `${EDGE}/assets/${assetId}/v1/360p/s00001.m4s`;
    const foreign = `${EDGE}/assets/as_aaaaaaaaaaaaaaaa/master.m3u8`;
    expect(grant.url.startsWith(`${master}?Expires=`)).toBe(true);
    for (const url of [grant.url, grant.posterUrl, grant.storyboardUrl, grant.tokenUrl, grant.pathUrl]) {
      expect([url, granted(url)]).toEqual([url, true]);
    }
    const cookie = Object.entries(grant.cookies)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
    const authorization = `Bearer ${grant.token}`;
    for (const headers of [{ cookie }, { authorization }]) {
      expect([granted(master, headers), granted(segment, headers), granted(foreign, headers)]).toEqual([
        true,
        true,
        false,
      ]);
    }
    expect(grant.cookiePath).toBe(`/assets/${assetId}/`);
    expect(granted(master)).toBe(false);
  });

  test('of a live stream lets a viewer in by every carrier, and only to its own stream', async () => {
    const { streamId } = await json<{ streamId: string }>(await server.call('/v1/live-streams', { json: {} }), 201);
    const grant = await json<LiveGrant>(await server.call('/v1/playback-grants', { json: { streamId } }), 201);
    const master = `${EDGE}/live/${streamId}/master.m3u8`;
    const part = `${EDGE}/live/${streamId}/b1/360p/1/s00001.p0.m4s`;
    const foreign = `${EDGE}/live/ls_aaaaaaaaaaaaaaaa/master.m3u8`;
    expect(grant.channelUrl).toBe(`${EDGE.replace('http', 'ws')}/live/${streamId}/channel?token=${grant.token}`);
    for (const url of [grant.url, grant.tokenUrl, grant.pathUrl, grant.channelUrl.replace('ws', 'http')]) {
      expect([url, granted(url)]).toEqual([url, true]);
    }
    const cookie = Object.entries(grant.cookies)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
    for (const headers of [{ cookie }, { authorization: `Bearer ${grant.token}` }])
      expect([master, part, foreign].map((url) => granted(url, headers))).toEqual([true, true, false]);
    expect(grant.cookiePath).toBe(`/live/${streamId}/`);
  });

  test('is of one thing that there is', async () => {
    const ask = async (body: object) => (await server.call('/v1/playback-grants', { json: body })).status;
    expect(await ask({})).toBe(400);
    expect(await ask({ assetId, streamId: 'ls_aaaaaaaaaaaaaaaa' })).toBe(400);
    expect(await ask({ streamId: 'ls_aaaaaaaaaaaaaaaa' })).toBe(404);
  });

  test('keeps to the address and the time it was made for', async () => {
    const startsAt = new Date(Date.now() - 60_000).toISOString();
    const body = { assetId, ip: '203.0.113.0/24', startsAt, expiresInSeconds: 60 };
    const grant = await json<Grant>(await server.call('/v1/playback-grants', { json: body }), 201);
    expect(grant.url).toContain('?Policy=');
    for (const url of [grant.url, grant.tokenUrl]) {
      expect([granted(url, {}, '203.0.113.77'), granted(url, {}, '198.51.100.1')]).toEqual([true, false]);
    }
    expect(Math.abs(Date.parse(grant.expiresAt) - Date.now() - 60_000)).toBeLessThan(5_000);
  });

  test.each([
    ['an unknown asset', { assetId: 'as_aaaaaaaaaaaaaaaa' }, 404, 'NOT_FOUND'],
    ['an id that is none', { assetId: '../secrets' }, 400, 'INVALID_REQUEST'],
    ['an address that is none', { ip: '999.1.1.1' }, 400, 'INVALID_REQUEST'],
    ['a start behind its end', { startsAt: '2999-01-01T00:00:00Z' }, 400, 'INVALID_REQUEST'],
    ['a date that is none', { startsAt: 'tomorrow' }, 400, 'INVALID_REQUEST'],
    ['no time at all', { expiresInSeconds: 0 }, 400, 'INVALID_REQUEST'],
    ['a field it does not know', { expires: 5 }, 400, 'INVALID_REQUEST'],
  ])('for %s is refused', async (_what, more, status, code) => {
    const response = await server.call('/v1/playback-grants', { json: { assetId, ...more } });
    expect(await codeOf(response)).toEqual([status, code]);
  });

  test('is whole again when its request is repeated', async () => {
    const ask = () =>
      server.call('/v1/playback-grants', { json: { assetId }, headers: { 'idempotency-key': 'again' } });
    await ask();
    const grant = await json<Grant>(await ask(), 201);
    expect(granted(grant.url)).toBe(true);
  });

  test('is not made with a server key that was revoked', async () => {
    await server.call(`/v1/signing-keys/${server.secrets.grantKey.keyPairId}`, { method: 'DELETE' });
    const response = await server.call('/v1/playback-grants', { json: { assetId } });
    expect(await codeOf(response)).toEqual([409, 'CONFLICT']);
  });
});

describe('API tokens', () => {
  test('do what their scopes say, until revoked', async () => {
    const body = { name: 'reader', scopes: ['assets:read'] };
    const made = await json<{ token: string; tokenId: string }>(await server.call('/v1/tokens', { json: body }), 201);
    const { token } = made;
    expect((await server.call('/v1/assets', { token })).status).toBe(200);
    expect(await codeOf(await server.call('/v1/signing-keys', { token }))).toEqual([403, 'SCOPE_MISSING']);
    const { items } = await json<{ items: Record<string, unknown>[] }>(await server.call('/v1/tokens'), 200);
    expect(items).toEqual([expect.not.objectContaining({ token: expect.anything() })]);
    expect((await server.call(`/v1/tokens/${made.tokenId}`, { method: 'DELETE' })).status).toBe(204);
    expect(await codeOf(await server.call('/v1/assets', { token }))).toEqual([401, 'TOKEN_INVALID']);
  });

  test('cannot make a token that may do more than themselves', async () => {
    const token = server.tokenFor('tokens:write', 'assets:read');
    const make = (scopes: string[]) => server.call('/v1/tokens', { token, json: { name: 'x', scopes } });
    expect((await make(['assets:read'])).status).toBe(201);
    expect(await codeOf(await make(['admin']))).toEqual([403, 'SCOPE_MISSING']);
    expect(await codeOf(await make(['everything']))).toEqual([400, 'INVALID_REQUEST']);
  });

  test('expired, tampered, foreign and missing ones are refused, and told how to come back', async () => {
    const past = mintToken('server', server.secrets.apiTokenSecret, ['admin'], Date.now() - 10_000, 1_000).token;
    const foreign = mintToken('server', 'another secret', ['admin'], Date.now(), 60_000).token;
    const [head, claims, signature] = server.tokenFor('assets:read').split('.');
    const forged = Buffer.from(claims ?? '', 'base64url')
      .toString()
      .replace('assets:read', 'admin');
    const tampered = [head, Buffer.from(forged).toString('base64url'), signature].join('.');
    const link = (await server.administratorLink()).split('/').at(-1) ?? '';
    for (const token of [past, foreign, tampered, 'x', link]) {
      const response = await server.call('/v1/assets', { token });
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await codeOf(response)).toEqual([401, 'TOKEN_INVALID']);
    }
    expect(await codeOf(await server.call('/v1/assets', { token: null }))).toEqual([401, 'TOKEN_MISSING']);
  });
});

describe('the event socket', () => {
  interface Event {
    readonly type: string;
    readonly assetId?: string;
    readonly asset?: { assetId: string; title: string; status: string };
  }

  async function follow(token: string): Promise<{ next(): Promise<Event>; close(): void; protocol: string }> {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/events`, ['frontrow', `bearer.${token}`]);
    const events: Event[] = [];
    let wake: () => void = () => {};
    socket.addEventListener('message', ({ data }) => {
      events.push(JSON.parse(String(data)) as Event);
      wake();
    });
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('refused')));
    });
    return {
      protocol: socket.protocol,
      close: () => socket.close(),
      next: async () => {
        if (events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        return events.shift() ?? { type: 'none' };
      },
    };
  }

  test('tells of every change of an asset, and of its end', async () => {
    const socket = await follow(server.tokenFor('assets:read'));
    expect(socket.protocol).toBe('frontrow');
    const { assetId } = await json<{ assetId: string }>(await server.call('/v1/assets?title=a', { body: 'film' }), 201);
    const until = async (wanted: (event: Event) => boolean) => {
      for (;;) if (wanted(await socket.next())) return;
    };
    await until(({ asset }) => asset?.assetId === assetId && asset.status === 'queued');
    await server.call(`/v1/assets/${assetId}`, { method: 'PATCH', json: { title: 'b' } });
    await until(({ asset }) => asset?.title === 'b');
    await server.call(`/v1/assets/${assetId}`, { method: 'DELETE' });
    await until((event) => event.type === 'deleted' && event.assetId === assetId);
    socket.close();
  });

  test('is closed to tokens without the scope, and to none', async () => {
    await expect(follow(server.tokenFor('uploads:write'))).rejects.toThrow('refused');
    await expect(follow('nonsense')).rejects.toThrow('refused');
  });

  test('does not keep the server from stopping', async () => {
    await follow(server.adminToken);
    await server.stop();
    server = await startControl({ folder });
  });
});
