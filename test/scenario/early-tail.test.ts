import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { EarlyUpload, fetchRung, fetchSegment, steadyFilm } from '../harness/early-upload.ts';
import { freshFolder } from '../harness/folder.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';
import { countFrames } from '../harness/transcode-scenario.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const SECONDS = 32;

let folder: string;
let server: TestServer;
let source: Buffer;
/** Where the film's index begins. */
let indexByte: number;
let half: number;

beforeAll(async () => {
  folder = await freshFolder();
  source = await steadyFilm(SECONDS, 'last');
  indexByte = source.lastIndexOf('moov') - 4;
  half = Math.floor(source.length / 2);
  server = await TestServer.start({ folder });
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const isOver = ({ status, source: { sha256 } }: AssetBody) =>
  status === 'errored' || (status === 'ready' && sha256 !== undefined);

async function expectTheFilmThatWasSent(asset: AssetBody): Promise<void> {
  expect(asset.error).toBeUndefined();
  expect(asset.source.sha256).toBe(createHash('sha256').update(source).digest('hex'));
  const joined = join(folder, 'joined.mp4');
  await writeFile(joined, await fetchRung(asset));
  expect(await countFrames(joined)).toBe(SECONDS * 25);
}

async function namesOf(id: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.includes(id));
}

describe('a film whose index comes last and is sent ahead', () => {
  test('is watched before half of it is sent, survives a killed server, and ends as the film that was sent', async () => {
    const upload = await EarlyUpload.begin(server, source);
    expect((await upload.sendTail(server, indexByte)).status).toBe(204);
    expect(await upload.offset(server)).toBe(0);
    expect(await upload.send(server, 0, half)).toBe(204);
    const playable = await server.until(upload.id, ({ status }) => status === 'playable' || status === 'errored');
    expect(playable.status).toBe('playable');
    expect((await fetchSegment(playable, 0)).status).toBe(200);

    await server.kill();
    server = await TestServer.start({ folder });
    expect(await upload.offset(server)).toBe(half);
    expect((await server.asset(upload.id)).status).toBe('playable');
    expect(await upload.send(server, half, source.length)).toBe(204);
    await expectTheFilmThatWasSent(await server.until(upload.id, isOver));
    expect((await namesOf(upload.id)).filter((name) => name.startsWith('intake'))).toEqual([]);
  });

  test('is made anew, under other addresses, when the upload brings another end than was sent ahead', async () => {
    // The index of the same film's first half, and a box without meaning in place of the rest.
    const shorter = await steadyFilm(SECONDS / 2, 'last');
    const index = shorter.subarray(shorter.lastIndexOf('moov') - 4);
    const free = Buffer.alloc(source.length - indexByte - index.length);
    free.writeUInt32BE(free.length);
    free.write('free', 4);
    const other = Buffer.concat([index, free]);
    const upload = await EarlyUpload.begin(server, source);
    expect((await upload.sendTail(server, indexByte, other)).status).toBe(204);
    expect(await upload.send(server, 0, half)).toBe(204);
    const wrong = await server.until(upload.id, ({ status }) => status === 'playable' || status === 'errored');
    expect(wrong.status).toBe('playable');
    expect(wrong.durationSeconds).toBeCloseTo(SECONDS / 2, 1);

    expect(await upload.send(server, half, source.length)).toBe(204);
    const ready = await server.until(upload.id, isOver);
    await expectTheFilmThatWasSent(ready);
    expect(ready.durationSeconds).toBeCloseTo(SECONDS, 1);
    expect(await (await fetch(ready.playbackUrl)).text()).toContain('v2/');
    await expect.poll(async () => (await namesOf(upload.id)).filter((name) => name.includes('v1'))).toEqual([]);
  });

  test('leaves nothing behind when its upload is ended', async () => {
    const upload = await EarlyUpload.begin(server, source);
    expect((await upload.sendTail(server, indexByte)).status).toBe(204);
    expect(await upload.send(server, 0, half)).toBe(204);
    await server.until(upload.id, ({ status }) => status === 'playable');
    expect(await upload.terminate(server)).toBe(204);
    await expect.poll(() => namesOf(upload.id), { timeout: 20_000 }).toEqual([]);
  });

  test('is not written over what has arrived in order', async () => {
    const upload = await EarlyUpload.begin(server, source);
    expect(await upload.send(server, 0, half)).toBe(204);
    const noise = Buffer.alloc(source.length - half + 1_000, 7);
    expect((await upload.sendTail(server, half - 1_000, noise)).status).toBe(204);
    expect(await upload.offset(server)).toBe(half);
    expect(await upload.send(server, half, source.length)).toBe(204);
    const stored = await server.until(upload.id, ({ source: { sha256 } }) => sha256 !== undefined);
    expect(stored.source.sha256).toBe(createHash('sha256').update(source).digest('hex'));
  });
});

describe('a tail is refused', () => {
  const put = (path: string, headers: Readonly<Record<string, string>>, body = 'tail') =>
    fetch(`${server.run.control}/v1/uploads/${path}/tail`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${server.run.adminToken}`, ...headers },
      body,
    });

  test.each([
    ['without a place', {}, 400],
    ['that is no end', { 'content-range': 'bytes 0-3/1000' }, 400],
    ['of a file of another length', { 'content-range': 'bytes 996-999/1000' }, 400],
    ['that is longer than it says', { 'content-range': 'bytes 199999997-199999999/200000000' }, 400],
    ['that is shorter than it says', { 'content-range': 'bytes 199999990-199999999/200000000' }, 400],
    ['that is too large', { 'content-range': 'bytes 0-199999999/200000000' }, 413],
    ['without a right to upload', { authorization: 'Bearer none' }, 401],
  ])('%s', async (_, headers, status) => {
    const upload = await EarlyUpload.begin(server, { length: 200_000_000 } as Buffer);
    expect((await put(upload.id, headers)).status).toBe(status);
    expect(await upload.offset(server)).toBe(0);
    expect(await upload.terminate(server)).toBe(204);
    expect(await namesOf(upload.id)).toEqual([]);
  });

  test('of an upload that is not there', async () => {
    const answer = await put('as_01k8w0000000000000000000', { 'content-range': 'bytes 996-999/1000' });
    expect(answer.status).toBe(404);
  });
});
