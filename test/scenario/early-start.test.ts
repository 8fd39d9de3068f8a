import { createHash } from 'node:crypto';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSegment } from '../../src/kernel/cmaf/segment.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { freshFolder, TestServer } from '../harness/server.ts';
import { countFrames, ffmpegTool } from '../harness/transcode-scenario.ts';

const SECONDS = 32;

let clips: string;
let folder: string;
let server: TestServer;
let source: Buffer;

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-clips-'));
  folder = await freshFolder();
  server = await TestServer.start({ folder });
  const path = join(clips, 'film.mp4');
  const inputs = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${SECONDS}`];
  const tone = ['-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${SECONDS}`];
  const rate = ['-b:v', '4M', '-minrate', '4M', '-maxrate', '4M', '-bufsize', '4M', '-x264-params', 'nal-hrd=cbr'];
  const picture = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '2', ...rate];
  await ffmpegTool(...inputs, ...tone, ...picture, '-c:a', 'aac', '-movflags', '+faststart', path);
  source = await readFile(path);
}, 120_000);

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
  await rm(clips, { recursive: true, force: true });
});

const headers = () => ({ authorization: `Bearer ${server.run.adminToken}`, 'tus-resumable': '1.0.0' });

/** Begins a resumable upload; bytes are sent by `send`, as many as the test wants. */
async function begin(bytes: Buffer): Promise<string> {
  const created = await fetch(`${server.run.control}/v1/uploads`, {
    method: 'POST',
    headers: { ...headers(), 'upload-length': String(bytes.length) },
  });
  return created.headers.get('location')?.split('/').at(-1) ?? '';
}

async function send(id: string, bytes: Buffer, from: number, to: number): Promise<number> {
  const answer = await fetch(`${server.run.control}/v1/uploads/${id}`, {
    method: 'PATCH',
    headers: { ...headers(), 'upload-offset': String(from), 'content-type': 'application/offset+octet-stream' },
    body: new Uint8Array(bytes.subarray(from, to)),
  });
  return answer.status;
}

async function offset(id: string): Promise<number> {
  const answer = await fetch(`${server.run.control}/v1/uploads/${id}`, { method: 'HEAD', headers: headers() });
  return Number(answer.headers.get('upload-offset'));
}

/** As a player does: the first variant's playlist and one segment of it. */
async function fetchSegment(masterUrl: string, index: number): Promise<{ status: number; bytes: Buffer }> {
  const master = parsePlaylist(await (await fetch(masterUrl)).text());
  if (master?.kind !== 'multivariant') throw new Error('no playlist');
  const playlistUrl = new URL(master.variants[0]?.uri ?? '', masterUrl);
  const media = parsePlaylist(await (await fetch(playlistUrl)).text());
  if (media?.kind !== 'media') throw new Error('no media playlist');
  const answer = await fetch(new URL(media.segments[index]?.uri ?? '', playlistUrl));
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
}

/** Work that was just being done may take a moment to be over. */
async function expectNothingOf(id: string): Promise<void> {
  const isThere = () =>
    access(join(folder, 'media', 'assets', id)).then(
      () => true,
      () => false,
    );
  await expect.poll(isThere, { timeout: 20_000 }).toBe(false);
}

describe('a film whose index comes first', () => {
  test('is watched before half of it is sent, survives a killed server, and ends as the film that was sent', async () => {
    const id = await begin(source);
    const half = Math.floor(source.length / 2);
    expect(await send(id, source, 0, half)).toBe(204);
    const playable = await server.until(id, ({ status }) => status === 'playable' || status === 'errored');
    expect(playable.status).toBe('playable');
    expect(playable.durationSeconds).toBeCloseTo(SECONDS, 1);
    const first = await fetchSegment(playable.playbackUrl, 0);
    expect(first.status).toBe(200);
    expect(readSegment(first.bytes)?.sampleCount).toBe(100);
    expect((await server.asset(id)).source).toMatchObject({ receivedBytes: half });

    await server.kill();
    server = await TestServer.start({ folder });
    expect(await offset(id)).toBe(half);
    expect((await server.asset(id)).status).toBe('playable');
    expect(await send(id, source, half, source.length)).toBe(204);
    const done = ({ status, source: { sha256 } }: Awaited<ReturnType<TestServer['asset']>>) =>
      status === 'errored' || (status === 'ready' && sha256 !== undefined);
    const ready = await server.until(id, done);
    expect(ready.error).toBeUndefined();
    expect(ready.source.sha256).toBe(createHash('sha256').update(source).digest('hex'));
    expect(ready.progress.segmentsDone).toBe(ready.progress.segmentsTotal);

    const rendition = join(folder, 'media', 'assets', id, 'v1', ready.renditions?.[0]?.name ?? '');
    const names = Array.from({ length: SECONDS / 4 }, (_, at) => `s0000${at}.m4s`);
    const parts = await Promise.all(['init.mp4', ...names].map((name) => readFile(join(rendition, name))));
    const joined = join(clips, 'joined.mp4');
    await writeFile(joined, Buffer.concat(parts));
    expect(await countFrames(joined)).toBe(SECONDS * 25);
  }, 180_000);

  test('is not ready, and has no more segments than it has bytes for, while it is not whole', async () => {
    const id = await begin(source);
    const part = Math.floor(source.length * 0.45);
    expect(await send(id, source, 0, part)).toBe(204);
    const asset = await server.until(id, ({ status }) => status === 'playable');
    // All that has its bytes is done once the first two chunks of every rendition are; the rest waits.
    const enough = await server.until(id, ({ progress }) => progress.segmentsDone >= 3);
    expect(enough.status).toBe('playable');
    const published = await readFile(join(folder, 'media', 'assets', id, 'v1', 'audio', 's00000.m4s'));
    expect(published.length).toBeGreaterThan(0);
    expect(asset.progress.segmentsTotal).toBeGreaterThan(enough.progress.segmentsDone);

    const gone = await fetch(`${server.run.control}/v1/uploads/${id}`, { method: 'DELETE', headers: headers() });
    expect(gone.status).toBe(204);
    expect((await server.api('GET', `/v1/assets/${id}`)).status).toBe(404);
    await expectNothingOf(id);
  }, 120_000);

  test('that turns out to be cut off ends in an error, and nothing of it stays', async () => {
    const cut = source.subarray(0, source.length - 200_000);
    const id = await begin(cut);
    const half = Math.floor(source.length / 2);
    expect(await send(id, cut, 0, half)).toBe(204);
    await server.until(id, ({ status }) => status === 'playable');
    expect(await send(id, cut, half, cut.length)).toBe(204);
    const asset = await server.until(id, ({ status }) => status === 'errored' || status === 'ready');
    expect(asset.error?.code).toBe('SOURCE_TRUNCATED');
    await expectNothingOf(id);
  }, 120_000);
});
