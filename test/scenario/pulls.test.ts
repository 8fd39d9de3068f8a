import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import type { Asset } from '../../src/database/assets.ts';
import { sourceKey } from '../../src/kernel/film/paths.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let folder: string;
let server: ControlServer;
let answer: Answer = (_request, response) => response.end();
const asked: IncomingMessage[] = [];
const source = createServer((request, response) => {
  asked.push(request);
  answer(request, response);
});
let sourceUrl: string;

beforeEach(async () => {
  folder = await freshFolder();
  asked.length = 0;
  await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
  sourceUrl = `http://127.0.0.1:${(source.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await server.stop();
  source.closeAllConnections();
  await new Promise((resolve) => source.close(resolve));
  await removeFolder(folder);
});

async function start(settings: Partial<Settings>): Promise<void> {
  server = await startControl({ folder, settings: { uploadMaxBytes: 1_000_000, chunkAttempts: 1, ...settings } });
}

const pull = (url: string) => server.call('/v1/assets', { json: { source: { url }, policy: 'signed' } });

async function pulled(url: string): Promise<Asset> {
  const response = await pull(url);
  expect(response.status).toBe(202);
  const { assetId } = (await response.json()) as { assetId: string };
  return settled(assetId);
}

async function settled(assetId: string): Promise<Asset> {
  for (;;) {
    const more = server.signals.next('assets', 1_000);
    const asset = await server.assets.find(assetId);
    if (asset && asset.status !== 'uploading') return asset;
    await more;
  }
}

const leftovers = async () =>
  (await readdir(join(folder, 'incoming'), { recursive: true })).filter((name) => /as_/.test(name));

describe('a pull the operator allows', () => {
  beforeEach(() => start({ pullAllowPrivate: true, pullIdleMs: 300 }));

  test('stores the very bytes of the source and names the asset after it', async () => {
    const bytes = randomBytes(700_000);
    answer = (request, response) => {
      if (request.url === '/moved') return response.writeHead(302, { location: '/films/holi%20day.mp4' }).end();
      return response.end(bytes);
    };
    const asset = await pulled(`${sourceUrl}/moved`);
    expect(asset).toMatchObject({ status: 'queued', policy: 'signed', sourceBytes: bytes.length });
    const stored = await readFile(join(folder, 'media', sourceKey(asset.id)));
    expect(createHash('sha256').update(stored).digest()).toEqual(createHash('sha256').update(bytes).digest());
    expect(await server.queue.remaining(asset.id, ['probe'])).toBe(1);
    expect(await leftovers()).toEqual([]);
  });

  test.each<[string, Answer, string]>([
    ['404', (_request, response) => response.writeHead(404).end(), 'PULL_FAILED'],
    ['larger than the limit', (_request, response) => response.end(Buffer.alloc(1_000_001)), 'BODY_TOO_LARGE'],
    [
      'endless',
      (_request, response) =>
        void setImmediate(function more() {
          if (!response.destroyed && response.write(Buffer.alloc(100_000))) setImmediate(more);
          else response.once('drain', more);
        }),
      'BODY_TOO_LARGE',
    ],
    [
      'cut off in the middle',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 1_000 });
        response.write('half', () => response.destroy());
      },
      'PULL_FAILED',
    ],
    ['silent', () => {}, 'PULL_FAILED'],
    [
      'silent in the middle',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 1_000 });
        response.write('half');
      },
      'PULL_FAILED',
    ],
    [
      'redirected for ever',
      (_request, response) => response.writeHead(302, { location: '/again' }).end(),
      'PULL_FAILED',
    ],
    ['empty', (_request, response) => response.end(), 'SOURCE_EMPTY'],
    [
      'moved to a file',
      (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'PULL_URL_INVALID',
    ],
  ])('from a source that is %s ends as an errored asset with a code', async (_what, behaviour, code) => {
    answer = behaviour;
    const asset = await pulled(`${sourceUrl}/film.mp4`);
    expect(asset).toMatchObject({ status: 'errored', error: { code } });
    expect(await leftovers()).toEqual([]);
  });

  test('goes on in the next process where the last one stopped', async () => {
    await server.stop();
    await start({ pullAllowPrivate: true });
    const bytes = randomBytes(800_000);
    const { promise: half, resolve: sentHalf } = Promise.withResolvers<void>();
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length, etag: '"one"' });
      response.write(bytes.subarray(0, 400_000), () => sentHalf());
    };
    const { assetId } = (await (await pull(`${sourceUrl}/film.mp4`)).json()) as { assetId: string };
    await half;
    const file = join(folder, 'incoming', 'pulls', assetId);
    // Only the disk says what a crash would leave.
    while ((await stat(file).catch(() => ({ size: 0 }))).size < 400_000) await server.signals.next('none', 20);
    await server.stop();
    answer = (request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const head = { 'content-range': `bytes ${from}-799999/800000`, 'content-length': 800_000 - from, etag: '"one"' };
      response.writeHead(206, head).end(bytes.subarray(from));
    };
    await start({ pullAllowPrivate: true });
    expect(await settled(assetId)).toMatchObject({ status: 'queued', sourceBytes: 800_000 });
    expect(asked.at(-1)?.headers['if-range']).toBe('"one"');
    const stored = await readFile(join(folder, 'media', sourceKey(assetId)));
    expect(stored.equals(bytes)).toBe(true);
  });

  test('ends when its asset is deleted, and leaves no bytes', async () => {
    await server.stop();
    // Neither an idle source nor a missed heartbeat ends it within the test's time.
    await start({ pullAllowPrivate: true, leaseMs: 600_000 });
    const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>();
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('half', () => resolve(response));
    };
    const { assetId } = (await (await pull(`${sourceUrl}/film.mp4`)).json()) as { assetId: string };
    const closed = new Promise((done) => void arrived.then((response) => response.once('close', done)));
    await arrived;
    expect((await server.call(`/v1/assets/${assetId}`, { method: 'DELETE' })).status).toBe(204);
    await closed;
    await server.ingest.stop();
    expect(await leftovers()).toEqual([]);
    expect(await server.queue.remaining(assetId, ['pull'])).toBe(0);
  });
});

describe('a pull aimed at a private network', () => {
  beforeEach(() => start({}));

  test.each([
    'http://127.0.0.1/film.mp4',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/x',
    'http://[::ffff:127.0.0.1]/x',
    'http://10.0.0.1/x',
    'http://2130706433/x',
    'http://0x7f.1/x',
    'http://0.0.0.0/x',
    'http://100.64.0.1/x',
    'http://[fd00::1]/x',
    'http://[64:ff9b::7f00:1]/x',
  ])('is refused at once: %s', async (url) => {
    const response = await pull(url);
    const problem = (await response.json()) as { code: string };
    expect([response.status, problem.code]).toEqual([422, 'PULL_ADDRESS_REFUSED']);
    expect(await server.assets.list(10)).toEqual([]);
  });

  test.each(['ftp://example.com/x', 'file:///etc/passwd', 'not a url'])('is no web address: %s', async (url) => {
    const response = await pull(url);
    expect(((await response.json()) as { code: string }).code).toBe('PULL_URL_INVALID');
  });

  test('by a name that resolves to it errors the asset, and nothing is asked', async () => {
    const asset = await pulled(`http://localhost:${new URL(sourceUrl).port}/film.mp4`);
    expect(asset).toMatchObject({ status: 'errored', error: { code: 'PULL_ADDRESS_REFUSED' } });
    expect(asked).toEqual([]);
  });
});
