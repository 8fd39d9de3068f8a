import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sourceKey } from '../../src/kernel/film/paths.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';

let folder: string;
let server: ControlServer;

beforeEach(async () => {
  folder = await freshFolder();
  server = await startControl({ folder, settings: { uploadMaxBytes: 2_000_000 } });
});

afterEach(async () => {
  await server.stop();
  await removeFolder(folder);
});

async function upload(title: string): Promise<{ assetId: string; [name: string]: unknown }> {
  const response = await server.call(`/v1/assets?title=${encodeURIComponent(title)}`, { body: 'some film' });
  expect(response.status).toBe(201);
  return (await response.json()) as { assetId: string };
}

async function codeOf(response: Response): Promise<[number, unknown]> {
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  return [response.status, ((await response.json()) as { code: unknown }).code];
}

describe('a plain body', () => {
  test('becomes a queued asset whose stored bytes are the ones sent', async () => {
    const bytes = randomBytes(1_500_000);
    const response = await server.call('/v1/assets?filename=holiday.mp4&policy=signed', { body: bytes });
    expect(response.status).toBe(201);
    const asset = (await response.json()) as { assetId: string };
    expect(asset).toMatchObject({
      title: 'holiday',
      policy: 'signed',
      status: 'queued',
      source: { name: 'holiday.mp4', sizeBytes: bytes.length },
    });
    const stored = await readFile(join(folder, 'media', sourceKey(asset.assetId)));
    expect(createHash('sha256').update(stored).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await server.queue.remaining(asset.assetId, ['probe'])).toBe(1);
  });

  test('larger than the limit is refused before it is read, and when it does not say its length', async () => {
    const declared = await server.call('/v1/assets', { body: Buffer.alloc(2_000_001) });
    expect(await codeOf(declared)).toEqual([413, 'BODY_TOO_LARGE']);
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.alloc(300_000)),
    });
    const refused = await fetch(`${server.url}/v1/assets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': 'video/mp4' },
      body: endless,
      duplex: 'half',
    }).catch(() => undefined);
    if (refused) expect(await codeOf(refused)).toEqual([413, 'BODY_TOO_LARGE']);
    expect(await nothingLeft()).toBe(true);
  });

  test('that breaks off leaves nothing behind', async () => {
    const begun = server.signals.next('assets', 5_000);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(
      `POST /v1/assets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.adminToken}\r\ncontent-length: 1000000\r\ncontent-type: video/mp4\r\n\r\nhalf a film`,
    );
    await begun;
    expect((await server.assets.list(10)).length).toBe(1);
    socket.destroy();
    while (!(await nothingLeft())) await server.signals.next('assets', 5_000);
  });

  test('without a byte is refused as empty', async () => {
    const response = await server.call('/v1/assets', { method: 'POST', body: '' });
    expect(await codeOf(response)).toEqual([422, 'SOURCE_EMPTY']);
    expect(await nothingLeft()).toBe(true);
  });
});

async function nothingLeft(): Promise<boolean> {
  const rows = await server.assets.list(10);
  const files = await readdir(join(folder, 'incoming'), { recursive: true });
  return rows.length === 0 && files.filter((name) => name.includes('as_')).length === 0;
}

describe('the list', () => {
  test('pages by a cursor, newest first, without repeating or missing one', async () => {
    const made: string[] = [];
    for (const title of ['a', 'b', 'c', 'd', 'e']) made.unshift((await upload(title)).assetId);
    const seen: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = (await (await server.call(`/v1/assets?limit=2${query}`)).json()) as {
        items: { assetId: string }[];
        nextCursor: string | null;
      };
      seen.push(...page.items.map((item) => item.assetId));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== null);
    expect(seen.toSorted()).toEqual(made.toSorted());
    expect(pages).toBe(3);
  });

  test('refuses a cursor it did not write and a limit out of range, naming the field', async () => {
    for (const query of ['cursor=xxx', 'limit=0', 'limit=many']) {
      const response = await server.call(`/v1/assets?${query}`);
      const problem = (await response.json()) as { code: string; detail: string };
      expect([response.status, problem.code]).toEqual([400, 'INVALID_REQUEST']);
      expect(problem.detail).toContain(`querystring.${query.split('=')[0]}`);
    }
  });
});

describe('one asset', () => {
  test('is found, edited and deleted with its bytes', async () => {
    const { assetId } = await upload('first');
    const edited = await server.call(`/v1/assets/${assetId}`, {
      method: 'PATCH',
      json: { title: 'second', policy: 'signed' },
    });
    expect(await edited.json()).toMatchObject({ assetId, title: 'second', policy: 'signed' });
    expect((await server.call(`/v1/assets/${assetId}`, { method: 'DELETE' })).status).toBe(204);
    expect(await codeOf(await server.call(`/v1/assets/${assetId}`))).toEqual([404, 'NOT_FOUND']);
    expect(await server.store.head(sourceKey(assetId))).toBeUndefined();
    expect(await server.queue.remaining(assetId, ['probe'])).toBe(0);
  });

  test.each(['as_zzzzzzzzzzzzzzzz', 'nonsense', '%2e%2e%2f%2e%2e%2fetc', '..%2f..%2fsecrets.json', 'as_%00'])(
    'is not found under the id %s',
    async (id) => {
      for (const method of ['GET', 'DELETE']) {
        const response = await server.call(`/v1/assets/${id}`, { method });
        expect(response.status).toBe(404);
      }
    },
  );

  test('keeps its fields when an edit names an unknown one', async () => {
    const { assetId } = await upload('first');
    const response = await server.call(`/v1/assets/${assetId}`, { method: 'PATCH', json: { status: 'ready' } });
    expect(await codeOf(response)).toEqual([400, 'INVALID_REQUEST']);
  });
});

describe('an Idempotency-Key', () => {
  const post = (json: unknown, key: string) =>
    server.call('/v1/signing-keys', { json, headers: { 'idempotency-key': key } });

  test('gives a repetition the first answer, without the secret', async () => {
    const first = (await (await post({ name: 'a' }, 'k1')).json()) as Record<string, string>;
    const again = await post({ name: 'a' }, 'k1');
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    const { privateKeyPem, ...shown } = first;
    expect(privateKeyPem).toContain('PRIVATE KEY');
    expect(await again.json()).toEqual(shown);
  });

  test('with another body is refused', async () => {
    await post({ name: 'a' }, 'k2');
    expect(await codeOf(await post({ name: 'b' }, 'k2'))).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  test('makes requests that come at once do the work once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => post({ name: 'a', algorithm: 'ECDSA' }, 'k3')));
    const ids = await Promise.all(
      answers.map(async (each) => ((await each.json()) as { keyPairId: string }).keyPairId),
    );
    expect(new Set(ids).size).toBe(1);
  });

  test('of one token says nothing to another', async () => {
    await post({ name: 'a' }, 'k4');
    const other = await server.call('/v1/signing-keys', {
      json: { name: 'b' },
      headers: { 'idempotency-key': 'k4' },
      token: server.tokenFor('keys:write'),
    });
    expect(other.status).toBe(201);
  });
});

describe('every answer', () => {
  test('carries the headers that keep browsers from guessing', async () => {
    for (const path of ['/', '/v1/assets', '/nowhere', '/health/live']) {
      const { headers } = await server.call(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
    const { headers: page } = await server.call('/');
    expect(page.get('content-security-policy')).toContain("media-src 'self' blob: http://edge.test:8090");
  });

  test('lets the console join channels at the edge, and lets it and nobody else have the camera', async () => {
    const { headers: page } = await server.call('/');
    expect(page.get('content-security-policy')).toContain(
      "connect-src 'self' http://edge.test:8090 ws://edge.test:8090;",
    );
    expect(page.get('permissions-policy')).toContain('camera=(self), microphone=(self), display-capture=(self)');
    expect(page.get('permissions-policy')).toContain('geolocation=()');
  });

  test('to a method that an address does not know names those it knows', async () => {
    const response = await server.call('/v1/assets', { method: 'PUT', json: {} });
    expect(response.headers.get('allow')).toContain('GET');
    expect(await codeOf(response)).toEqual([405, 'METHOD_NOT_ALLOWED']);
  });

  test.each(['GET /v1/assets/% HTTP/1.1', 'GET / NONSENSE', 'GET /\0 HTTP/1.1'])('to %j is a problem', async (line) => {
    const answer = await server.answerTo(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 400 .*\r\ncontent-type: application\/problem\+json/is);
    expect(answer).toContain('"code":"INVALID_REQUEST"');
  });

  test('comes to senders that fall silent: they are cut off, and nothing of them stays', async () => {
    await server.stop();
    server = await startControl({ folder, silenceMs: 100 });
    const silent = ['Host: x', `Authorization: Bearer ${server.adminToken}`, 'Content-Length: 9', '', 'abc'];
    await server.answerTo(['POST /v1/assets HTTP/1.1', 'Content-Type: video/mp4', ...silent].join('\r\n'));
    await server.answerTo(['POST /v1/sessions HTTP/1.1', 'Content-Type: application/json', ...silent].join('\r\n'));
    await expect.poll(() => server.assets.list(1)).toEqual([]);
    expect((await readdir(join(folder, 'incoming'), { recursive: true })).filter((name) => /as_/.test(name))).toEqual(
      [],
    );
  });

  test('to a broken body is a problem that says so', async () => {
    const response = await server.call('/v1/tokens', {
      body: '{"name":',
      headers: { 'content-type': 'application/json' },
    });
    expect(await codeOf(response)).toEqual([400, 'INVALID_REQUEST']);
  });
});

describe('operations', () => {
  test('answer without a token', async () => {
    for (const path of ['/health/live', '/health/ready']) {
      expect((await server.call(path, { token: null })).status).toBe(200);
    }
    expect(await (await server.call('/metrics', { token: null })).text()).toContain('process_cpu_seconds_total');
  });

  test('the API describes itself', async () => {
    const document = (await (await server.call('/docs/json')).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/v1/assets',
        '/v1/assets/{assetId}',
        '/v1/uploads',
        '/v1/playback-grants',
        '/v1/tokens',
      ]),
    );
  });
});
