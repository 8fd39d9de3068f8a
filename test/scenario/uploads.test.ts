import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Upload, type UploadOptions } from 'tus-js-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sourceKey } from '../../src/kernel/film/paths.ts';
import { type ControlServer, startControl } from '../harness/control-server.ts';
import { freshFolder, removeFolder } from '../harness/folder.ts';

const LIMIT = 20_000_000;
let folder: string;
let server: ControlServer;

beforeEach(async () => {
  folder = await freshFolder();
  server = await startControl({ folder, settings: { uploadMaxBytes: LIMIT } });
});

afterEach(async () => {
  await server.stop();
  await removeFolder(folder);
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const storedSha256 = async (assetId: string) => sha256(await readFile(join(folder, 'media', sourceKey(assetId))));
const base64 = (text: string) => Buffer.from(text).toString('base64');
const idOf = (location: string | null) => location?.split('/').at(-1) ?? '';

interface Sent {
  readonly url: string;
  readonly assetId: string;
}

/** Uploads by the client everybody uses; `onChunk` sees progress. */
function send(bytes: Buffer | Readable, more: Partial<UploadOptions> = {}): { upload: Upload; done: Promise<Sent> } {
  const { promise, resolve, reject } = Promise.withResolvers<Sent>();
  const upload: Upload = new Upload(bytes, {
    endpoint: `${server.url}/v1/uploads`,
    headers: { Authorization: `Bearer ${server.adminToken}` },
    metadata: { filename: 'film.mp4', title: 'A film', policy: 'signed' },
    retryDelays: [0, 10, 20, 50, 100, 200],
    onSuccess: () => resolve({ url: upload.url ?? '', assetId: idOf(upload.url) }),
    onError: reject,
    ...more,
  });
  upload.start();
  return { upload, done: promise };
}

const tus = (path: string, method: string, headers: Record<string, string> = {}, body?: Uint8Array | Readable) =>
  fetch(path.startsWith('http') ? path : `${server.url}${path}`, {
    method,
    headers: { 'tus-resumable': '1.0.0', authorization: `Bearer ${server.adminToken}`, ...headers },
    ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']>, duplex: 'half' as const }),
  });

async function create(headers: Record<string, string>): Promise<string> {
  const response = await tus('/v1/uploads', 'POST', headers);
  expect(response.status).toBe(201);
  return response.headers.get('location') ?? '';
}

const patch = (url: string, offset: number, body: Uint8Array | Readable, headers: Record<string, string> = {}) =>
  tus(
    url,
    'PATCH',
    { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream', ...headers },
    body,
  );

const offsetOf = async (url: string) => {
  const response = await tus(url, 'HEAD');
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
  return Number(response.headers.get('upload-offset'));
};

/** A PATCH over a bare socket, so that it can stall and break as sockets do. */
function stalledPatch(url: string, offset: number, length: number, bytes: Uint8Array): Socket {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `PATCH ${pathname} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${server.adminToken}\r\ntus-resumable: 1.0.0\r\nupload-offset: ${offset}\r\ncontent-type: application/offset+octet-stream\r\ncontent-length: ${length}\r\n\r\n`,
  );
  socket.write(bytes);
  return socket;
}

async function untilReceived(assetId: string): Promise<void> {
  for (;;) {
    const more = server.signals.next('assets', 2_000);
    if (((await server.assets.find(assetId))?.receivedBytes ?? 0) > 0) return;
    await more;
  }
}

describe('tus-js-client', () => {
  test('uploads a film whole: the asset is queued, its bytes have the same SHA-256', async () => {
    const bytes = randomBytes(3_000_000);
    const { assetId } = await send(bytes).done;
    expect(await server.assets.find(assetId)).toMatchObject({
      title: 'A film',
      policy: 'signed',
      status: 'queued',
      sourceName: 'film.mp4',
      sourceBytes: bytes.length,
    });
    expect(await storedSha256(assetId)).toBe(sha256(bytes));
    expect(await server.queue.remaining(assetId, ['probe'])).toBe(1);
    expect(await readdir(join(folder, 'incoming', 'uploads'))).toEqual([]);
  });

  test('resumes after its connection is destroyed in the middle, at the byte where it stopped', async () => {
    const bytes = randomBytes(6_000_000);
    const url = await create({ 'upload-length': String(bytes.length) });
    const socket = stalledPatch(url, 0, bytes.length, bytes.subarray(0, 2_500_000));
    await untilReceived(idOf(url));
    socket.destroy();
    const offset = await offsetOf(url);
    expect(offset).toBeGreaterThan(0);
    expect(offset).toBeLessThanOrEqual(2_500_000);
    await send(bytes, { uploadUrl: url }).done;
    expect(await storedSha256(idOf(url))).toBe(sha256(bytes));
  });

  test('resumes at another server process on the same folder', async () => {
    const bytes = randomBytes(6_000_000);
    let replaced: Promise<void> | undefined;
    const port = Number(new URL(server.url).port);
    const { done } = send(bytes, {
      chunkSize: 1_000_000,
      onChunkComplete: (_size, accepted) => {
        if (accepted < 3_000_000 || replaced) return;
        replaced = server.stop().then(async () => {
          server = await startControl({ folder, settings: { uploadMaxBytes: LIMIT }, port });
        });
      },
      retryDelays: [50, 100, 200, 400, 800, 1_600],
    });
    const { assetId } = await done;
    await replaced;
    expect(replaced).toBeDefined();
    expect(await storedSha256(assetId)).toBe(sha256(bytes));
  });

  test('sends a stream whose length it learns at the end', async () => {
    const bytes = randomBytes(2_500_000);
    const parts = [bytes.subarray(0, 900_000), bytes.subarray(900_000, 1_800_000), bytes.subarray(1_800_000)];
    const { assetId } = await send(Readable.from(parts), { uploadLengthDeferred: true, chunkSize: 1_000_000 }).done;
    expect(await storedSha256(assetId)).toBe(sha256(bytes));
  });

  test('is told 501 rather than left guessing when it asks for parallel uploads', async () => {
    const { done } = send(randomBytes(1_000), { parallelUploads: 2, retryDelays: [] });
    await expect(done).rejects.toThrow(/501/);
  });
});

describe('the protocol', () => {
  test('advertises what works and nothing else', async () => {
    const response = await fetch(`${server.url}/v1/uploads`, { method: 'OPTIONS' });
    expect(response.status).toBe(204);
    expect(response.headers.get('tus-version')).toBe('1.0.0');
    expect(response.headers.get('tus-extension')?.split(',').toSorted()).toEqual([
      'checksum',
      'creation',
      'creation-defer-length',
      'creation-with-upload',
      'expiration',
      'termination',
    ]);
    expect(response.headers.get('tus-max-size')).toBe(String(LIMIT));
    expect(response.headers.get('tus-checksum-algorithm')).toContain('sha1');
  });

  test('is open to pages of other origins, which may read every tus header', async () => {
    const preflight = await fetch(`${server.url}/v1/uploads/as_aaaaaaaaaaaaaaaa`, {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example', 'access-control-request-method': 'PATCH' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Upload-Offset');
    const made = await tus('/v1/uploads', 'POST', { 'upload-length': '5', origin: 'https://elsewhere.example' });
    expect(made.headers.get('access-control-allow-origin')).toBe('*');
    expect(made.headers.get('access-control-allow-credentials')).toBeNull();
    for (const name of ['Location', 'Upload-Offset', 'Upload-Expires', 'Tus-Resumable']) {
      expect(made.headers.get('access-control-expose-headers')).toContain(name);
    }
    expect(new Date(made.headers.get('upload-expires') ?? '').getTime()).toBeGreaterThan(Date.now());
  });

  test('takes bytes along with the creation', async () => {
    const bytes = randomBytes(5_000);
    const response = await tus(
      '/v1/uploads',
      'POST',
      { 'upload-length': '5000', 'content-type': 'application/offset+octet-stream' },
      bytes,
    );
    expect([response.status, response.headers.get('upload-offset')]).toEqual([201, '5000']);
    expect(await storedSha256(idOf(response.headers.get('location')))).toBe(sha256(bytes));
  });

  test('answers the last PATCH again when its answer was lost, and HEAD with the full offset', async () => {
    const bytes = randomBytes(5_000);
    const url = await create({ 'upload-length': '5000' });
    expect((await patch(url, 0, bytes)).status).toBe(204);
    expect(await offsetOf(url)).toBe(5_000);
    const again = await patch(url, 5_000, new Uint8Array());
    expect([again.status, again.headers.get('upload-offset')]).toEqual([204, '5000']);
    expect(await server.queue.remaining(idOf(url), ['probe'])).toBe(1);
    expect((await patch(url, 0, bytes)).status).toBe(409);
  });

  test('a zero-length upload is done at once and errored as empty', async () => {
    const url = await create({ 'upload-length': '0' });
    expect(await server.assets.find(idOf(url))).toMatchObject({ status: 'errored', error: { code: 'SOURCE_EMPTY' } });
    expect(await offsetOf(url)).toBe(0);
  });

  test('a newer PATCH takes over from one that stalls, and bytes of the two never mix', async () => {
    const bytes = randomBytes(4_000_000);
    const url = await create({ 'upload-length': String(bytes.length) });
    const stalled = stalledPatch(url, 0, bytes.length, bytes.subarray(0, 1_000_000));
    await untilReceived(idOf(url));
    const offset = await offsetOf(url);
    const response = await patch(url, offset, bytes.subarray(offset));
    expect(response.status).toBe(204);
    expect(await storedSha256(idOf(url))).toBe(sha256(bytes));
    stalled.destroy();
  });

  test('of two PATCHes at once from the same offset at most one counts, and the other is told to ask again', async () => {
    const bytes = randomBytes(2_000_000);
    const url = await create({ 'upload-length': String(bytes.length) });
    const answers = await Promise.all([patch(url, 0, bytes), patch(url, 0, bytes)]);
    const refused = answers.map(({ status }) => status).filter((status) => status !== 204);
    // 423: it was asked to stop before its first byte was written; 409: it came when others were.
    expect(refused.length).toBeGreaterThan(0);
    for (const status of refused) expect([409, 423]).toContain(status);
    const offset = await offsetOf(url);
    if (offset < bytes.length) await patch(url, offset, bytes.subarray(offset));
    expect(await storedSha256(idOf(url))).toBe(sha256(bytes));
  });

  test('a chunk with a wrong checksum is discarded, with the right one it counts', async () => {
    const bytes = randomBytes(10_000);
    const url = await create({ 'upload-length': '10000' });
    const digest = (algorithm: string, of: Uint8Array) =>
      `${algorithm} ${createHash(algorithm).update(of).digest('base64')}`;
    const half = bytes.subarray(0, 5_000);
    const wrong = await patch(url, 0, half, { 'upload-checksum': digest('sha1', bytes) });
    expect(wrong.status).toBe(460);
    expect(await offsetOf(url)).toBe(0);
    expect((await patch(url, 0, half, { 'upload-checksum': 'crc32 AAAA' })).status).toBe(400);
    expect((await patch(url, 0, half, { 'upload-checksum': digest('sha1', half) })).status).toBe(204);
    const rest = bytes.subarray(5_000);
    expect((await patch(url, 5_000, rest, { 'upload-checksum': digest('sha256', rest) })).status).toBe(204);
    expect(await storedSha256(idOf(url))).toBe(sha256(bytes));
  });

  test('termination removes the asset and its bytes', async () => {
    const url = await create({ 'upload-length': '5000' });
    await patch(url, 0, randomBytes(100));
    expect((await tus(url, 'DELETE')).status).toBe(204);
    expect(await server.assets.find(idOf(url))).toBeUndefined();
    expect((await tus(url, 'HEAD')).status).toBe(404);
    expect(await readdir(join(folder, 'incoming', 'uploads'))).toEqual([]);
  });

  test('deleting the asset ends its upload', async () => {
    const url = await create({ 'upload-length': '5000' });
    expect((await server.call(`/v1/assets/${idOf(url)}`, { method: 'DELETE' })).status).toBe(204);
    expect((await patch(url, 0, randomBytes(5_000))).status).toBe(404);
    expect(await readdir(join(folder, 'incoming', 'uploads'))).toEqual([]);
  });

  test('PATCH may come as POST with X-HTTP-Method-Override', async () => {
    const url = await create({ 'upload-length': '3' });
    const response = await tus(
      url,
      'POST',
      {
        'x-http-method-override': 'PATCH',
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
      },
      Buffer.from('abc'),
    );
    expect(response.status).toBe(204);
  });
});

describe('what does not fit is refused with a code', () => {
  const refused = async (response: Response) => [
    response.status,
    ((await response.json()) as { code: string }).code,
    response.headers.get('tus-resumable'),
  ];

  test('a length above the limit, before any byte', async () => {
    const response = await tus('/v1/uploads', 'POST', { 'upload-length': String(LIMIT + 1) });
    expect(await refused(response)).toEqual([413, 'BODY_TOO_LARGE', '1.0.0']);
    expect(await server.assets.list(10)).toEqual([]);
  });

  test('a body longer than declared, also when it does not say its length', async () => {
    const url = await create({ 'upload-length': '1000' });
    expect(await refused(await patch(url, 0, randomBytes(1_001)))).toEqual([413, 'BODY_TOO_LARGE', '1.0.0']);
    const chunked = Readable.from([randomBytes(600), randomBytes(600)]);
    expect((await patch(url, 0, chunked)).status).toBe(413);
    expect(await offsetOf(url)).toBeLessThanOrEqual(1_000);
  });

  test.each([
    ['both lengths', { 'upload-length': '5', 'upload-defer-length': '1' }, 400, 'INVALID_REQUEST'],
    ['no length', {}, 400, 'INVALID_REQUEST'],
    [
      'a policy that is none',
      { 'upload-length': '5', 'upload-metadata': `policy ${base64('open')}` },
      400,
      'INVALID_REQUEST',
    ],
    [
      'a title of 300 letters',
      { 'upload-length': '5', 'upload-metadata': `title ${base64('x'.repeat(300))}` },
      400,
      'INVALID_REQUEST',
    ],
    [
      'nine kilobytes of metadata',
      { 'upload-length': '5', 'upload-metadata': `x ${'A'.repeat(9_000)}` },
      400,
      'INVALID_REQUEST',
    ],
    ['another version', { 'upload-length': '5', 'tus-resumable': '0.2.2' }, 412, 'UPLOAD_VERSION_UNSUPPORTED'],
  ])('a creation with %s', async (_what, headers, status, code) => {
    const response = await tus('/v1/uploads', 'POST', headers as Record<string, string>);
    expect((await refused(response)).slice(0, 2)).toEqual([status, code]);
    expect(await server.assets.list(10)).toEqual([]);
  });

  test.each(['TRACE', 'CONNECT', 'PUT', 'TWO WORDS'])('a method that tus does not have: %s', async (method) => {
    const override = { 'x-http-method-override': method };
    for (const url of ['/v1/uploads', await create({ 'upload-length': '5' })]) {
      expect((await refused(await tus(url, 'POST', override))).slice(0, 2)).toEqual([405, 'METHOD_NOT_ALLOWED']);
    }
  });

  test.each(['a b', '[::', '%%%', 'x/../y', 'host:99999', 'a@b'])('a Host that is none: %s', async (host) => {
    const url = await create({ 'upload-length': '5' });
    for (const line of [`HEAD ${new URL(url).pathname}`, 'POST /v1/uploads']) {
      const head = [`${line} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${server.adminToken}`];
      const tusHead = ['Tus-Resumable: 1.0.0', 'Upload-Length: 3', 'Connection: close', '', ''];
      expect(await server.answerTo([...head, ...tusHead].join('\r\n'))).toMatch(/^HTTP\/1.1 400 /);
    }
  });

  test('a PATCH without its offset, of another type, or of an unknown upload', async () => {
    const url = await create({ 'upload-length': '5' });
    const type = { 'content-type': 'application/offset+octet-stream' };
    expect((await tus(url, 'PATCH', type, Buffer.from('hello'))).status).toBe(400);
    const json = { 'content-type': 'application/json', 'upload-offset': '0' };
    expect((await tus(url, 'PATCH', json, Buffer.from('hello'))).status).toBe(415);
    for (const id of ['as_aaaaaaaaaaaaaaaa', '..%2f..%2fsecrets.json', '%2e%2e']) {
      expect((await patch(`/v1/uploads/${id}`, 0, Buffer.from('hello'))).status).toBe(404);
    }
  });

  test('a sender that goes on for ever after its refusal reads it and is then cut off', async () => {
    const url = await create({ 'upload-length': String(LIMIT) });
    const { port, pathname } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.write(`PATCH ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n`);
    const answer = await new Promise((resolve) => socket.once('data', (bytes) => resolve(String(bytes).slice(0, 12))));
    expect(answer).toBe('HTTP/1.1 401');
    const going = setInterval(() => socket.write(randomBytes(10_000)), 20);
    await closed;
    clearInterval(going);
  });

  test('no token, a foreign one, a tampered one, one without the scope', async () => {
    const url = await create({ 'upload-length': '5' });
    const tampered = `${server.adminToken.slice(0, -4)}AAAA`;
    const reading = server.tokenFor('assets:read');
    for (const [authorization, status, code] of [
      ['', 401, 'TOKEN_MISSING'],
      [`Bearer ${tampered}`, 401, 'TOKEN_INVALID'],
      ['Bearer eyJhbGciOiJub25lIn0.eyJzY29wZSI6ImFkbWluIn0.', 401, 'TOKEN_INVALID'],
      [`Bearer ${reading}`, 403, 'SCOPE_MISSING'],
    ] as const) {
      const response = await patch(url, 0, Buffer.from('hello'), { authorization });
      expect((await refused(response)).slice(0, 2)).toEqual([status, code]);
    }
    expect(await offsetOf(url)).toBe(0);
  });
});

describe('our own troubles', () => {
  test('a full disk is told apart, and the upload goes on once there is room', async () => {
    await server.stop();
    // The device below is as old as the machine's start, and an upload's age is its file's.
    server = await startControl({ folder, settings: { uploadExpireHours: 8_760 } });
    const bytes = randomBytes(3_000);
    const url = await create({ 'upload-length': '3000' });
    const file = join(folder, 'incoming', 'uploads', idOf(url));
    await rm(file);
    // Every write to this device fails as one to a full disk does.
    await symlink('/dev/full', file);
    const response = await patch(url, 0, bytes);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([507, 'STORAGE_FULL']);
    await rm(file);
    await writeFile(file, '');
    expect(await offsetOf(url)).toBe(0);
    expect((await patch(url, 0, bytes)).status).toBe(204);
    expect(await storedSha256(idOf(url))).toBe(sha256(bytes));
  });

  test('never answer HEAD with 5xx, which clients take for the loss of the upload', async () => {
    const url = await create({ 'upload-length': '3000' });
    const file = join(folder, 'incoming', 'uploads', `${idOf(url)}.json`);
    await rm(file);
    await symlink(file, file);
    expect((await tus(url, 'HEAD')).status).toBe(423);
    expect((await patch(url, 0, randomBytes(1))).status).toBe(500);
  });
});

test('an upload that nobody goes on with is given up after its time, and says so', async () => {
  let nowMs = Date.now();
  const clocked = await freshFolder();
  const other = await startControl({
    folder: clocked,
    clock: { now: () => nowMs },
    settings: { uploadExpireHours: 1 },
  });
  try {
    const headers = { 'tus-resumable': '1.0.0', authorization: `Bearer ${other.adminToken}` };
    const made = await fetch(`${other.url}/v1/uploads`, {
      method: 'POST',
      headers: { ...headers, 'upload-length': '9' },
    });
    const id = idOf(made.headers.get('location'));
    nowMs += 3_599_000;
    await other.ingest.sweep();
    expect((await other.assets.find(id))?.status).toBe('uploading');
    nowMs += 2_000;
    await other.ingest.sweep();
    expect((await other.assets.find(id))?.error?.code).toBe('UPLOAD_EXPIRED');
    const gone = await fetch(`${other.url}/v1/uploads/${id}`, { method: 'HEAD', headers });
    expect([gone.status, gone.headers.get('upload-offset')]).toEqual([410, null]);
    expect(await readdir(join(clocked, 'incoming', 'uploads'))).toEqual([]);
  } finally {
    await other.stop();
    await removeFolder(clocked);
  }
});

describe('a crash', () => {
  /** The next process on the same folder; what this one would still do does not happen. */
  async function restart(): Promise<void> {
    await server.stop();
    server = await startControl({ folder, settings: { uploadMaxBytes: LIMIT } });
  }
  const here = (url: string) => `${server.url}${new URL(url).pathname}`;

  test('between the last byte and the hand-over is healed at the next start', async () => {
    const bytes = randomBytes(5_000);
    const url = await create({ 'upload-length': '5000' });
    // The bytes are all on disk, and nothing after them has happened.
    await writeFile(join(folder, 'incoming', 'uploads', idOf(url)), bytes);
    await restart();
    expect(await server.assets.find(idOf(url))).toMatchObject({ status: 'queued', sourceBytes: 5_000 });
    expect(await server.queue.remaining(idOf(url), ['probe'])).toBe(1);
    expect(await storedSha256(idOf(url))).toBe(sha256(bytes));
    expect(await offsetOf(here(url))).toBe(5_000);
  });

  test('between the hand-over and the row is healed at the next start', async () => {
    const url = await create({ 'upload-length': '5000' });
    const file = join(folder, 'incoming', 'uploads', idOf(url));
    await writeFile(file, randomBytes(5_000));
    await server.store.adopt(sourceKey(idOf(url)), file);
    await restart();
    expect(await server.assets.find(idOf(url))).toMatchObject({ status: 'queued', sourceBytes: 5_000 });
    expect(await server.queue.remaining(idOf(url), ['probe'])).toBe(1);
  });

  test('between the row and the probe is healed at the next start', async () => {
    const { assetId } = await send(randomBytes(5_000)).done;
    await server.queue.cancel(assetId);
    await restart();
    expect(await server.queue.remaining(assetId, ['probe'])).toBe(1);
  });

  test('leaves an unfinished upload resumable at what is on disk', async () => {
    const bytes = randomBytes(5_000);
    const url = await create({ 'upload-length': '5000' });
    await patch(url, 0, bytes.subarray(0, 3_000));
    await truncate(join(folder, 'incoming', 'uploads', idOf(url)), 2_000);
    await restart();
    expect(await offsetOf(here(url))).toBe(2_000);
    expect((await patch(here(url), 2_000, bytes.subarray(2_000))).status).toBe(204);
    expect(await storedSha256(idOf(url))).toBe(sha256(bytes));
  });

  test('that left files or rows without each other leaves neither after the next start', async () => {
    await server.assets.create({ id: 'as_bbbbbbbbbbbbbbbb', title: 'x', policy: 'public', sourceName: 'x' });
    const url = await create({ 'upload-length': '5000' });
    await server.assets.delete(idOf(url));
    await restart();
    expect(await server.assets.list(10)).toEqual([]);
    expect(await readdir(join(folder, 'incoming', 'uploads'))).toEqual([]);
  });
});
