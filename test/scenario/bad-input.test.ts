import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshFolder, removeFolder } from '../harness/folder.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';
import { ffmpegTool } from '../harness/transcode-scenario.ts';

const LIMIT_BYTES = 4_000_000;

let server: TestServer;
let clips: string;
let film: Buffer<ArrayBuffer>;
/** Stands for whatever a source might make us call. */
let bait: Server;
let calls: string[];

beforeAll(async () => {
  clips = await freshFolder();
  film = await made('film.mp4', PICTURE, SOUND);
  calls = [];
  bait = createServer((request, response) => {
    calls.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => bait.listen(0, '127.0.0.1', resolve));
  server = await TestServer.start({ environment: { FRONTROW_UPLOAD_MAX_BYTES: String(LIMIT_BYTES) } });
});

afterAll(async () => {
  await server.stop();
  bait.close();
  await removeFolder(clips);
});

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=25:duration=5'];
const SOUND = ['-f', 'lavfi', '-i', 'sine=duration=5'];

async function made(name: string, ...inputs: string[][]): Promise<Buffer<ArrayBuffer>> {
  const file = join(clips, name);
  const jpeg = ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'];
  const usual = ['-pix_fmt', 'yuv420p', '-movflags', '+faststart'];
  await ffmpegTool(...inputs.flat(), ...(name.endsWith('.avi') ? jpeg : usual), file);
  return Buffer.from(await readFile(file));
}

const bytes = (content: string) => Buffer.from(content);
const baitUrl = () => `http://127.0.0.1:${(bait.address() as AddressInfo).port}/bait`;
const settled = ({ status }: AssetBody) => status === 'ready' || status === 'errored';

/** Everything the server still has of an asset: files anywhere in its folder, and rows. */
async function tracesOf(assetId: string): Promise<string[]> {
  const files = (await readdir(server.folder, { recursive: true })).filter((name) => name.includes(assetId));
  const database = new DatabaseSync(join(server.folder, 'frontrow.sqlite'), { readOnly: true });
  try {
    const rows = [
      ['assets', 'id'],
      ['segments', 'asset_id'],
      ['jobs', 'subject'],
    ].flatMap(([table, column]) =>
      database
        .prepare(`select '${table}' as kind from ${table} where ${column} = ?`)
        .all(assetId)
        .map(({ kind }) => String(kind)),
    );
    return [...files, ...rows];
  } finally {
    database.close();
  }
}

async function deleted(assetId: string): Promise<void> {
  expect((await server.api('DELETE', `/v1/assets/${assetId}`)).status).toBe(204);
  await expect.poll(() => tracesOf(assetId), { timeout: 10_000 }).toEqual([]);
}

/** The problem document of a refusal. */
async function problem(response: Response): Promise<{ status: number; code: string; detail: string }> {
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  return (await response.json()) as { status: number; code: string; detail: string };
}

const listed = async () => ((await (await server.api('GET', '/v1/assets')).json()) as { items: unknown[] }).items;

describe('a source that cannot be a film', () => {
  /** A film of JPEG pictures, the first of which claims another size. */
  const grown = async () => {
    const huge = await made('pictures.avi', PICTURE);
    const size = huge.indexOf('\xff\xc0\x00\x11\x08', 0, 'latin1') + 5;
    huge.writeUInt16BE(20_000, size);
    huge.writeUInt16BE(20_000, size + 2);
    return huge;
  };
  const playlist = () =>
    `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n${baitUrl()}\n#EXTINF:4,\nfile:///etc/hostname\n`;
  const svg = () => `<svg xmlns="http://www.w3.org/2000/svg"><image href="${baitUrl()}"/></svg>`;

  test.each([
    ['a text named film.mp4', () => bytes('This is no film.\n'.repeat(100)), 'SOURCE_NOT_MEDIA'],
    ['a film that ends too early', () => film.subarray(0, film.length * 0.6), 'SOURCE_TRUNCATED'],
    ['a playlist', () => bytes(playlist()), 'SOURCE_FORMAT_REFUSED'],
    ['a playlist behind blanks', () => bytes(`\n \n${playlist()}`), 'SOURCE_FORMAT_REFUSED'],
    ['a concat script', () => bytes(`ffconcat version 1.0\nfile ${baitUrl()}\n`), 'SOURCE_FORMAT_REFUSED'],
    ['an SVG', () => bytes(svg()), 'SOURCE_FORMAT_REFUSED'],
    [
      'a manifest',
      () => bytes(`<?xml version="1.0"?><MPD><BaseURL>${baitUrl()}</BaseURL></MPD>`),
      'SOURCE_FORMAT_REFUSED',
    ],
    ['pictures of 20,000 x 20,000', grown, 'SOURCE_TOO_WIDE'],
  ])('%s is an errored asset with a code and a sentence, and opens nothing', async (_, source, code) => {
    const { assetId } = await server.upload(Buffer.from(await source()), 'film.mp4');
    const { status, error } = await server.until(assetId, settled);
    expect([status, error?.code]).toEqual(['errored', code]);
    expect(error?.detail).toMatch(/^[A-Z][^/\\]+\.$/);
    // Of an errored asset only its row is needed: the verdict stands in it.
    await expect.poll(() => tracesOf(assetId)).toEqual(['assets']);
    expect(calls).toEqual([]);
    await deleted(assetId);
  });

  test('a body of no bytes is refused, and so is one past the limit: neither leaves an asset', async () => {
    for (const [size, status, code] of [
      [0, 422, 'SOURCE_EMPTY'],
      [LIMIT_BYTES + 1, 413, 'BODY_TOO_LARGE'],
    ] as const) {
      const response = await fetch(`${server.run.control}/v1/assets`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.run.adminToken}`, 'content-type': 'video/mp4' },
        body: Buffer.alloc(size),
      });
      expect(await problem(response)).toMatchObject({ status, code });
    }
    expect(await listed()).toEqual([]);
  });

  test.each([
    'http://127.0.0.1/film.mp4',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/',
    'http://[::127.0.0.1]/',
  ])('a pull from %s is refused and never made', async (url) => {
    const response = await server.api('POST', '/v1/assets', { source: { url } });
    expect(await problem(response)).toMatchObject({ status: 422, code: 'PULL_ADDRESS_REFUSED' });
    expect(await listed()).toEqual([]);
  });

  test('a pull by a name of this machine ends in an errored asset', async () => {
    const url = baitUrl().replace('127.0.0.1', 'localhost');
    const { assetId } = (await (await server.api('POST', '/v1/assets', { source: { url } })).json()) as AssetBody;
    const { error } = await server.until(assetId, settled);
    expect(error?.code).toBe('PULL_ADDRESS_REFUSED');
    expect(calls).toEqual([]);
    await deleted(assetId);
  });
});

describe('half a film', () => {
  test.each([
    ['sound without pictures', 'sound.m4a', SOUND, ['audio']],
    ['pictures without sound', 'picture.mp4', PICTURE, ['video']],
  ])('%s is one all the same', async (_, name, input, kinds) => {
    const { assetId } = await server.upload(await made(name, input), name);
    const { status, renditions } = await server.until(assetId, settled);
    expect([status, [...new Set(renditions?.map(({ kind }) => kind))]]).toEqual(['ready', kinds]);
    const playlist = await fetch(`${server.run.edge}/assets/${assetId}/master.m3u8`);
    expect(await playlist.text()).toContain('#EXT-X-STREAM-INF');
    await deleted(assetId);
  });
});

describe('who asks for what is not theirs', () => {
  test.each([
    '/v1/assets/../../secrets.json',
    '/assets/../secrets.json',
    '/v1/uploads/..%2f..%2fsecrets.json',
    '/%2e%2e/run.json',
  ])('leaves no folder by %s, neither at control nor at the edge', async (path) => {
    for (const url of [server.run.control, server.run.edge]) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      const head = ['Host: x', `Authorization: Bearer ${server.run.adminToken}`, 'Connection: close'];
      socket.write(`GET ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
      const answer = await text(socket);
      expect(answer).toMatch(/^HTTP\/1.1 (400|403|404|405) /);
      expect(answer).not.toContain(server.folder);
    }
  });

  test('gets 403 for a signed film without a grant, or with one whose policy was stretched', async () => {
    const { assetId } = await server.upload(Buffer.from(film), 'film.mp4', 'signed');
    await server.until(assetId, settled);
    const asked = { assetId, expiresInSeconds: 600 };
    const { url } = (await (await server.api('POST', '/v1/playback-grants', asked)).json()) as { url: string };
    expect((await fetch(url)).status).toBe(200);
    const stretched = new URL(url);
    for (const [name, change] of [
      ['Policy', (policy: string) => `${policy.slice(0, 20)}${policy[20] === 'A' ? 'B' : 'A'}${policy.slice(21)}`],
      ['Expires', (expires: string) => String(Number(expires) + 3_600)],
    ] as const) {
      const value = stretched.searchParams.get(name);
      if (value !== null) stretched.searchParams.set(name, change(value));
    }
    expect(stretched.href).not.toBe(url);
    for (const refused of [stretched.href, `${server.run.edge}/assets/${assetId}/master.m3u8`]) {
      const response = await fetch(refused);
      expect(response.status).toBe(403);
      expect(await response.text()).toMatch(/<Error><Code>\w+<\/Code>/);
    }
    await deleted(assetId);
  });
});
