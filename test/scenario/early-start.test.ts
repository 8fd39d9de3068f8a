import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readSegment } from '../../src/kernel/cmaf/segment.ts';
import { EarlyUpload, fetchRung, fetchSegment, steadyFilm } from '../harness/early-upload.ts';
import { freshFolder } from '../harness/folder.ts';
import { PostgresServer } from '../harness/postgres.ts';
import { freshBucket } from '../harness/s3-bucket.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';
import { countFrames } from '../harness/transcode-scenario.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

const SECONDS = 32;

/** By chance, and the same at every run. The generator is that of Numerical Recipes. */
function damage(bytes: Buffer, from: number, to: number, seed: number): void {
  let state = seed * 7919 + 1;
  for (let at = from; at < to; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
}

/** Says soon that a segment is not there yet, and that a film is no good. */
const HASTY = { FRONTROW_SEGMENT_HOLD_MS: '1000', FRONTROW_CHUNK_ATTEMPTS: '2' };

let source: Buffer;

beforeAll(async () => {
  source = await steadyFilm(SECONDS, 'first');
});

/** Where a server keeps things, and how a test looks there past the server's own code. */
interface Place {
  readonly environment: Readonly<Record<string, string>>;
  /** Names of everything that is kept of an asset. */
  left(folder: string, id: string): Promise<string[]>;
  remove(): Promise<void>;
}

async function onDisk(folder: string, id: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.includes(id));
}

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  'SQLite and a folder': async () => ({ environment: {}, left: onDisk, remove: async () => {} }),
  'PostgreSQL and S3': async () => {
    const postgres = await PostgresServer.start();
    const { access, bucket, client, environment } = await freshBucket();
    return {
      environment: {
        ...environment,
        FRONTROW_DATABASE_URL: postgres.url(),
        FRONTROW_STORAGE: `s3://${bucket}/media?endpoint=${access.endpoint}&region=us-east-1&pathStyle=true`,
      },
      left: async (folder, id) => {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
        const objects = Contents.flatMap(({ Key }) => (Key?.includes(id) ? [Key] : []));
        return [...objects, ...(await onDisk(folder, id))];
      },
      remove: () => postgres.remove(),
    };
  },
};

describe.each(Object.keys(PLACES))('with %s, a film whose index comes first', (name) => {
  let folder: string;
  let place: Place;
  let server: TestServer;

  beforeAll(async () => {
    folder = await freshFolder();
    place = (await PLACES[name]?.()) as Place;
    server = await start();
  });

  afterAll(async () => {
    await server?.stop();
    await place?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const start = () => TestServer.start({ folder, environment: { ...HASTY, ...place.environment } });

  /** Work that was just being done may take a moment to be over. */
  const expectNothingOf = (id: string) => expect.poll(() => place.left(folder, id), { timeout: 20_000 }).toEqual([]);

  const isOver = ({ status, source: { sha256 } }: AssetBody) =>
    status === 'errored' || (status === 'ready' && sha256 !== undefined);

  async function framesOf(asset: AssetBody): Promise<number> {
    const joined = join(folder, 'joined.mp4');
    await writeFile(joined, await fetchRung(asset));
    return countFrames(joined);
  }

  test('is watched before half of it is sent, survives a killed server, and ends as the film that was sent', async () => {
    const upload = await EarlyUpload.begin(server, source);
    const half = Math.floor(source.length / 2);
    expect(await upload.send(server, 0, half)).toBe(204);
    const playable = await server.until(upload.id, ({ status }) => status === 'playable' || status === 'errored');
    expect(playable.status).toBe('playable');
    expect(playable.durationSeconds).toBeCloseTo(SECONDS, 1);
    const first = await fetchSegment(playable, 0);
    expect(first.status).toBe(200);
    expect(readSegment(first.bytes)?.sampleCount).toBe(100);
    expect((await server.asset(upload.id)).source).toMatchObject({ receivedBytes: half });

    await server.kill();
    server = await start();
    expect(await upload.offset(server)).toBe(half);
    expect((await server.asset(upload.id)).status).toBe('playable');
    expect(await upload.send(server, half, source.length)).toBe(204);
    const ready = await server.until(upload.id, isOver);
    expect(ready.error).toBeUndefined();
    expect(ready.source.sha256).toBe(createHash('sha256').update(source).digest('hex'));
    expect(ready.progress.segmentsDone).toBe(ready.progress.segmentsTotal);
    expect(await framesOf(ready)).toBe(SECONDS * 25);
  });

  test('is not ready, and has no more segments than it has bytes for, while it is not whole', async () => {
    const upload = await EarlyUpload.begin(server, source);
    expect(await upload.send(server, 0, Math.floor(source.length * 0.45))).toBe(204);
    const asset = await server.until(upload.id, ({ status }) => status === 'playable');
    // All that has its bytes is done once the first two chunks of every rendition are; the rest waits.
    const enough = await server.until(upload.id, ({ progress }) => progress.segmentsDone >= 3);
    expect(enough.status).toBe('playable');
    expect(asset.progress.segmentsTotal).toBeGreaterThan(enough.progress.segmentsDone);
    const last = await fetchSegment(enough, SECONDS / 4 - 1);
    expect(last.status).toBe(503);

    expect(await upload.terminate(server)).toBe(204);
    expect((await server.api('GET', `/v1/assets/${upload.id}`)).status).toBe(404);
    await expectNothingOf(upload.id);
  });

  test('that turns out to be cut off ends in an error, and nothing of it stays', async () => {
    const cut = source.subarray(0, source.length - 200_000);
    const upload = await EarlyUpload.begin(server, cut);
    const half = Math.floor(source.length / 2);
    expect(await upload.send(server, 0, half)).toBe(204);
    await server.until(upload.id, ({ status }) => status === 'playable');
    expect(await upload.send(server, half, cut.length)).toBe(204);
    const asset = await server.until(upload.id, isOver);
    expect(asset.error?.code).toBe('SOURCE_TRUNCATED');
    await expectNothingOf(upload.id);
  });

  test.each([
    ['pictures and sound', 1],
    ['sound that claims to have forty-two channels', 16],
  ])('whose later bytes are damaged, %s, has all its frames all the same', async (_what, seed) => {
    const damaged = Buffer.from(source);
    damage(damaged, Math.floor(source.length * 0.6), Math.floor(source.length * 0.7), seed);
    const upload = await EarlyUpload.begin(server, damaged);
    const half = Math.floor(source.length / 2);
    expect(await upload.send(server, 0, half)).toBe(204);
    await server.until(upload.id, ({ status }) => status === 'playable');
    expect(await upload.send(server, half, damaged.length)).toBe(204);
    const ready = await server.until(upload.id, isOver);
    expect(ready.error).toBeUndefined();
    expect(await framesOf(ready)).toBe(SECONDS * 25);
  });

  test('whose index points outside of the file begins no work that it has no bytes for, and ends in an error', async () => {
    const hostile = Buffer.from(source);
    for (
      let at = hostile.indexOf('stco');
      at > 0 && at < hostile.indexOf('mdat');
      at = hostile.indexOf('stco', at + 1)
    ) {
      const count = hostile.readUInt32BE(at + 8);
      for (let entry = 0; entry < count; entry += 1) hostile.writeUInt32BE(0xffffff00, at + 12 + 4 * entry);
    }
    const upload = await EarlyUpload.begin(server, hostile);
    const half = Math.floor(source.length / 2);
    expect(await upload.send(server, 0, half)).toBe(204);
    const planned = await server.until(upload.id, ({ durationSeconds }) => durationSeconds !== undefined);
    expect(planned).toMatchObject({ status: 'uploading', progress: { segmentsDone: 0 } });
    expect(await upload.send(server, half, hostile.length)).toBe(204);
    const asset = await server.until(upload.id, isOver);
    expect(asset.error?.code).toBe('ENCODE_FAILED');
    expect((await server.api('DELETE', `/v1/assets/${upload.id}`)).status).toBe(204);
    await expectNothingOf(upload.id);
  });
});
