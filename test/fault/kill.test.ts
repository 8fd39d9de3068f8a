import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clipBytes } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';

let folder: string;
let server: TestServer;

/** Long enough at work to be killed in the midst of it, and without the rung that takes as long as both of these. */
const LADDER = {
  name: 'killed',
  codec: 'h264',
  preset: 'veryfast',
  rungs: [240, 360].map((height) => ({ height, crf: 25, maxrateBps: 800_000 })),
  audio: { codec: 'aac', bitrateBps: 96_000, sampleRate: 48_000, channels: 2 },
};

beforeEach(async () => {
  folder = await freshFolder();
  await writeFile(join(folder, 'ladder.json'), JSON.stringify(LADDER));
});

const start = () => TestServer.start({ folder, environment: { FRONTROW_LADDER: join(folder, 'ladder.json') } });

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

test('an upload cut off by kill -9 goes on from the byte the server kept, and the stored bytes are the same', async () => {
  const clip = await clipBytes();
  server = await start();
  const location = await createUpload(clip.length);
  const sending = sendPart(location, clip.subarray(0, 3_000_000), clip.length);
  await sending.flushed;
  await serverKept(location, 1_000_000);
  await server.kill();
  sending.socket.destroy();

  server = await start();
  const kept = await offsetOf(location);
  expect(kept).toBeGreaterThanOrEqual(1_000_000);
  expect(kept).toBeLessThanOrEqual(3_000_000);
  const rest = await tus('PATCH', location, {
    headers: { 'upload-offset': `${kept}`, 'content-type': 'application/offset+octet-stream' },
    body: clip.subarray(kept),
  });
  expect(rest.status).toBe(204);

  const assetId = location.split('/').at(-1) ?? '';
  const asset = await server.until(assetId, ({ status, source }) => status === 'ready' && source.sha256 !== undefined);
  expect(asset.source.sizeBytes).toBe(clip.length);
  expect(asset.source.sha256).toBe(createHash('sha256').update(clip).digest('hex'));
});

test('kill -9 in the middle of an encode loses no published segment, and the film becomes ready by itself', async () => {
  const clip = await clipBytes();
  server = await start();
  const { assetId } = await server.upload(clip, 'film.mp4');
  await server.until(assetId, ({ progress }) => progress.segmentsDone >= 5);
  const before = await publishedSegments(await server.asset(assetId));
  await server.kill();
  expect(before.size).toBeGreaterThanOrEqual(5);

  server = await start();
  const asset = await server.until(assetId, ({ status }) => status === 'ready' || status === 'errored');
  expect(asset.error).toBeUndefined();
  expect(asset.progress.segmentsDone).toBe(asset.progress.segmentsTotal);
  const after = await publishedSegments(asset);
  expect(after.size).toBe(asset.progress.segmentsTotal);
  for (const path of before.keys()) expect(after.has(path), path).toBe(true);
});

test('no encoder outlives a server that was killed', async () => {
  server = await start();
  const { assetId } = await server.upload(await clipBytes(), 'film.mp4');
  await server.until(assetId, ({ progress }) => progress.segmentsDone >= 2);
  await expect.poll(() => encodersOf(folder)).not.toEqual([]);
  await server.kill();
  await expect.poll(() => encodersOf(folder), { timeout: 10_000 }).toEqual([]);
});

test('a file that is no film costs an error with a code, and nothing of it stays behind', async () => {
  server = await start();
  const { assetId } = await server.upload(new Uint8Array(randomBytes(50_000)), 'film.mp4');
  const asset = await server.until(assetId, ({ status }) => status === 'errored');
  expect(asset.error?.code).toBe('SOURCE_NOT_MEDIA');
  expect((await server.api('DELETE', `/v1/assets/${assetId}`)).status).toBe(204);
  const left = await readdir(folder, { recursive: true });
  expect(left.filter((name) => name.includes(assetId))).toEqual([]);
});

async function createUpload(sizeBytes: number): Promise<string> {
  const filename = Buffer.from('film.mp4').toString('base64');
  const created = await tus('POST', '/v1/uploads', {
    headers: { 'upload-length': `${sizeBytes}`, 'upload-metadata': `filename ${filename}` },
  });
  expect(created.status).toBe(201);
  return new URL(created.headers.get('location') ?? '', server.run.control).pathname;
}

async function offsetOf(location: string): Promise<number> {
  const head = await tus('HEAD', location, {});
  expect(head.status).toBe(200);
  return Number(head.headers.get('upload-offset'));
}

interface TusRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

async function tus(method: string, path: string, request: TusRequest): Promise<Response> {
  const { headers, body } = request;
  return fetch(server.run.control + path, {
    method,
    headers: { 'tus-resumable': '1.0.0', authorization: `Bearer ${server.run.adminToken}`, ...headers },
    ...(body ? { body } : {}),
  });
}

/** A PATCH that promises everything and sends only a part: what a connection looks like while it is in use. */
function sendPart(
  location: string,
  part: Uint8Array,
  promisedBytes: number,
): { socket: Socket; flushed: Promise<void> } {
  const { hostname, port } = new URL(server.run.control);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {}); // the server is about to be killed
  const head = [
    `PATCH ${location} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${server.run.adminToken}`,
    'Tus-Resumable: 1.0.0',
    'Upload-Offset: 0',
    'Content-Type: application/offset+octet-stream',
    `Content-Length: ${promisedBytes}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.write(part, () => resolve());
  return { socket, flushed: promise };
}

/** Watches the file grow rather than asking the server: a HEAD would take the upload's lock from the one who sends. */
async function serverKept(location: string, atLeastBytes: number): Promise<void> {
  const assetId = location.split('/').at(-1) ?? '';
  await expect
    .poll(
      async () => {
        const names = await readdir(folder, { recursive: true, withFileTypes: true });
        const files = names.filter((entry) => entry.isFile() && entry.name.includes(assetId));
        const sizes = await Promise.all(
          files.map(async (file) => (await stat(`${file.parentPath}/${file.name}`)).size),
        );
        return Math.max(0, ...sizes);
      },
      { timeout: 15_000 },
    )
    .toBeGreaterThanOrEqual(atLeastBytes);
}

/** Every segment the edge answers right now, with its size. */
async function publishedSegments(asset: AssetBody): Promise<Map<string, number>> {
  const master = await (await fetch(asset.playbackUrl)).text();
  const playlists = [...uris(master), ...[...master.matchAll(/URI="([^"]+)"/g)].map((match) => match[1] ?? '')];
  const found = new Map<string, number>();
  for (const playlist of playlists) {
    const url = new URL(playlist, asset.playbackUrl);
    for (const segment of uris(await (await fetch(url)).text())) {
      const segmentUrl = new URL(segment, url);
      const path = `media${segmentUrl.pathname}`;
      const bytes = await readFile(`${folder}/${path}`).catch(() => undefined);
      if (bytes) found.set(segmentUrl.pathname, bytes.length);
    }
  }
  return found;
}

function uris(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** Command lines of ffmpeg processes that work on files of this folder. */
async function encodersOf(place: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => /^(\S*\/)?ffmpeg\0/.test(line) && line.includes(place));
}
