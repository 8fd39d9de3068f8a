import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AssetRepository } from '../../src/database/assets.ts';
import { openDatabase } from '../../src/database/open.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { frontrow } from '../harness/frontrow.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';

/** A film that is encoded again, and one that is deleted in the midst of it, on a real server with real viewers. */

// Whole films are encoded twice and more in here.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 120_000 });

let clips: string;
let clip: Uint8Array<ArrayBuffer>;
let folder: string;
let server: TestServer;

const KEEP_NOTHING = { FRONTROW_VERSION_KEEP_HOURS: '0' };

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-again-'));
  await generateClip(join(clips, 'film.mp4'), { seconds: 13, size: '160x120', rate: '25' });
  clip = new Uint8Array(await readFile(join(clips, 'film.mp4')));
  folder = await freshFolder();
  server = await TestServer.start({ folder });
});

afterAll(async () => {
  await server.stop();
  for (const each of [folder, clips]) await rm(each, { recursive: true, force: true });
});

function ladder(name: string, ...heights: number[]) {
  return {
    name,
    codec: 'h264',
    preset: 'ultrafast',
    rungs: heights.map((height) => ({ height, crf: 26, maxrateBps: 300_000 })),
    audio: { codec: 'aac', bitrateBps: 64_000, sampleRate: 48_000, channels: 2 },
  };
}

async function readyFilm(): Promise<AssetBody> {
  const { assetId } = await server.upload(clip, 'film.mp4');
  return server.until(assetId, ({ status }) => status === 'ready');
}

async function encode(assetId: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.run.control}/v1/assets/${assetId}/encodings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.run.adminToken}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function begun(assetId: string, body: object): Promise<AssetBody> {
  const response = await encode(assetId, body);
  expect(response.status).toBe(202);
  return (await response.json()) as AssetBody;
}

function encoded(assetId: string, version: number): Promise<AssetBody> {
  return server.until(assetId, ({ encoding }) => encoding?.version === version && encoding.status !== 'running');
}

async function get(assetId: string, path: string): Promise<string> {
  const response = await fetch(`${server.run.edge}/assets/${assetId}/${path}`);
  if (response.status !== 200) throw new Error(`${path} answers ${response.status}`);
  return response.text();
}

/** Fetches every piece that a version's playlists name; how many there were. */
async function playThrough(assetId: string, version: number, renditions: AssetBody['renditions']): Promise<number> {
  let pieces = 0;
  for (const { name } of renditions ?? []) {
    const playlist = parsePlaylist(await get(assetId, `v${version}/${name}/index.m3u8`));
    if (playlist?.kind !== 'media') throw new Error('no media playlist');
    for (const piece of ['init.mp4', ...playlist.segments.map(({ uri }) => uri)]) {
      await get(assetId, `v${version}/${name}/${piece}`);
      pieces += 1;
    }
  }
  return pieces;
}

/** Everything stored for an asset, source included, whatever the process does meanwhile. */
async function stored(assetId: string): Promise<string[]> {
  const found: string[] = [];
  for (const place of ['assets', 'sources']) {
    const root = join(folder, 'media', place, assetId);
    const names = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const each of names) if (each.isFile()) found.push(join(each.parentPath, each.name).slice(root.length + 1));
  }
  return found.sort();
}

/** Rows of the database that are about an asset, by table. */
function rows(assetId: string): Record<string, number> {
  const database = new DatabaseSync(join(folder, 'frontrow.sqlite'), { readOnly: true });
  try {
    const count = (table: string, column: string) =>
      Number(database.prepare(`select count(*) as n from ${table} where ${column} like ?`).get(`${assetId}%`)?.n);
    return {
      assets: count('assets', 'id'),
      segments: count('segments', 'asset_id'),
      encodings: count('encodings', 'asset_id'),
      retired_versions: count('retired_versions', 'asset_id'),
      jobs: count('jobs', 'subject'),
    };
  } finally {
    database.close();
  }
}

const NO_ROWS = { assets: 0, segments: 0, encodings: 0, retired_versions: 0, jobs: 0 };

test('sound is as loud as was said when it was sent, when it is encoded again too, until another wish is uttered', async () => {
  const sent = ['upload', join(clips, 'film.mp4'), '--loudness', '-16', '--wait', 'ready', '--data', folder, '--json'];
  const { stdout, stderr } = await frontrow(sent);
  expect(stderr).not.toContain('error');
  const { assetId } = JSON.parse(stdout) as { assetId: string };
  const first = await server.until(assetId, ({ status }) => status === 'ready');
  expect(first.loudness?.targetLufs).toBe(-16);
  expect(first.loudness?.measuredLufs).toBeLessThan(-16);
  await begun(assetId, { ladder: ladder('again', 60) });
  expect((await encoded(assetId, 2)).loudness?.targetLufs).toBe(-16);
  await begun(assetId, { ladder: ladder('again', 60), loudness: -23 });
  expect((await encoded(assetId, 3)).loudness?.targetLufs).toBe(-23);
  await begun(assetId, { ladder: ladder('again', 60), loudness: null });
  expect((await encoded(assetId, 4)).loudness).toBeUndefined();
  expect((await encode(assetId, { loudness: 3 })).status).toBe(400);
});

describe('a film encoded again', () => {
  let before: AssetBody;
  let after: AssetBody;
  const seen = new Set<string>();

  beforeAll(async () => {
    before = await readyFilm();
    const { assetId } = before;
    const first = await begun(assetId, { ladder: ladder('small', 60) });
    expect(first).toMatchObject({
      status: 'ready',
      version: 1,
      encoding: { version: 2, status: 'running', ladder: 'small' },
    });
    after = await server.until(assetId, ({ status, encoding }) => {
      seen.add(`${status}, ${encoding?.status}`);
      return encoding?.status === 'ready';
    });
  });

  test('is ready all the while', () => {
    expect([...seen].filter((each) => !each.startsWith('ready'))).toEqual([]);
  });

  test('has the renditions of the other ladder then, and its length', () => {
    expect(before.renditions?.map(({ name }) => name)).toEqual(['120p', 'audio']);
    expect(after.renditions?.map(({ name }) => name)).toEqual(['60p', 'audio']);
    expect(after.durationSeconds).toBe(before.durationSeconds);
    expect(after.version).toBe(2);
    expect(after.progress.segmentsDone).toBe(after.progress.segmentsTotal);
  });

  test('is what viewers get who come now, playlists and pictures alike', async () => {
    // An edge keeps what names no version for some seconds.
    await vi.waitFor(
      async () => {
        for (const name of ['master.m3u8', 'manifest.mpd', 'storyboard.vtt']) {
          const text = await get(after.assetId, name);
          expect(text).toContain('v2/');
          expect(text).not.toContain('v1/');
        }
      },
      { timeout: 30_000, interval: 500 },
    );
    expect(await playThrough(after.assetId, 2, after.renditions)).toBe(10);
    expect(await stored(after.assetId)).toContain('v2/poster.jpg');
  });

  test('is still there for those who are in the middle of what it was', async () => {
    expect(await playThrough(before.assetId, 1, before.renditions)).toBe(10);
  });

  test('gives up what it was when its time has come, also when the server has been restarted since', async () => {
    await server.stop();
    server = await TestServer.start({ folder, environment: KEEP_NOTHING });
    const { assetId } = await readyFilm();
    await begun(assetId, { ladder: ladder('small', 60) });
    await encoded(assetId, 2);
    await server.kill();
    server = await TestServer.start({ folder });
    await vi.waitFor(async () => expect(rows(assetId)).toMatchObject({ retired_versions: 0 }), { timeout: 10_000 });
    const files = await stored(assetId);
    expect(files.filter((file) => !file.startsWith('v2/') && file !== 'original')).toEqual([]);
    expect(files).toContain('v2/60p/s00003.m4s');
    expect(rows(assetId).segments).toBe(8);
    // The one whose time has not come is untouched.
    expect(await stored(before.assetId)).toContain('v1/120p/s00003.m4s');
  });
});

describe('asked to encode again', () => {
  let assetId: string;

  beforeAll(async () => {
    ({ assetId } = await readyFilm());
  });

  test.each([
    ['a ladder that is none', { ladder: { name: 'x' } }, 400, 'INVALID_REQUEST'],
    ['a name that no ladder has', { ladder: 'beautiful' }, 400, 'INVALID_REQUEST'],
    ['a path for a name', { ladder: '../../package' }, 400, 'INVALID_REQUEST'],
    ['a wish that does not exist', { quality: 'best' }, 400, 'INVALID_REQUEST'],
  ])('%s is refused', async (_name, body, status, code) => {
    const response = await encode(assetId, body);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
  });

  test('an asset that is not ready is refused, and one that is not there', async () => {
    const broken = await server.upload(new Uint8Array(Buffer.from('no film')), 'film.mp4');
    await server.until(broken.assetId, ({ status }) => status === 'errored');
    expect((await encode(broken.assetId, {})).status).toBe(409);
    expect((await encode('as_aaaabbbbccccdddd', {})).status).toBe(404);
  });

  test('the ladders to choose from are told, with the one that is taken otherwise', async () => {
    const response = await server.api('GET', '/v1/ladders');
    const { items } = (await response.json()) as { items: { name: string; isDefault: boolean; rungs: object[] }[] };
    expect(items.map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ['av1', false],
      ['h264', true],
      ['h264-av1', false],
      ['hevc', false],
    ]);
    expect(items[1]?.rungs[0]).toEqual({ height: 240, codec: 'h264', maxrateBps: 400_000 });
  });

  test('a token without the right to write is refused', async () => {
    const made = await server.api('POST', '/v1/tokens', { name: 'reader', scopes: ['assets:read'] });
    const { token } = (await made.json()) as { token: string };
    expect((await encode(assetId, {}, { authorization: `Bearer ${token}` })).status).toBe(403);
  });

  test('twice with one Idempotency-Key is one wish', async () => {
    const key = { 'idempotency-key': 'again' };
    const first = await encode(assetId, { ladder: ladder('one', 60) }, key);
    await encoded(assetId, 2);
    const second = await encode(assetId, { ladder: ladder('one', 60) }, key);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await second.json()).toEqual(await first.json());
    expect((await server.asset(assetId)).encoding?.version).toBe(2);
  });

  test('the same while it runs is one wish, and another ladder takes its place', async () => {
    const one = await begun(assetId, { ladder: ladder('two', 60, 90) });
    const same = await begun(assetId, { ladder: ladder('two', 60, 90) });
    expect(same.encoding?.version).toBe(one.encoding?.version);
    const other = await begun(assetId, { ladder: ladder('three', 90) });
    expect(other.encoding?.version).toBe(4);
    const { renditions } = await encoded(assetId, 4);
    expect(renditions?.map(({ name }) => name)).toEqual(['90p', 'audio']);
    // Nothing stays of what nobody wanted any more, also where a worker was in the middle of it.
    await vi.waitFor(async () => expect((await stored(assetId)).filter((file) => file.startsWith('v3/'))).toEqual([]), {
      timeout: 20_000,
      interval: 200,
    });
  });

  test('a source that is gone leaves the film as it was, and says why', async () => {
    const film = await readyFilm();
    await rm(join(folder, 'media', 'sources', film.assetId), { recursive: true });
    await begun(film.assetId, { ladder: ladder('late', 60) });
    const { status, renditions, encoding } = await encoded(film.assetId, 2);
    expect([status, renditions]).toEqual(['ready', film.renditions]);
    expect(encoding).toMatchObject({ status: 'failed', error: { code: 'SOURCE_MISSING', detail: expect.any(String) } });
    expect(await playThrough(film.assetId, 1, renditions)).toBe(10);
    await vi.waitFor(async () =>
      expect((await stored(film.assetId)).filter((file) => file.startsWith('v2/'))).toEqual([]),
    );
  });

  test('by the command line, with a ladder of the server, it answers when the version is served', async () => {
    const film = await readyFilm();
    const ended = await frontrow(
      ['asset', 'encode', film.assetId, '--ladder', 'h264', '--wait', '--data', folder, '--json'],
      { environment: { XDG_CACHE_HOME: clips } },
    );
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(ended.stdout)).toMatchObject({ encoding: { version: 2, status: 'ready', ladder: 'h264' } });
  });
});

describe('a film encoded again while its first version is still being made', () => {
  test('plays in that one to its end, and is switched to the new one once both are whole', async () => {
    const { assetId } = await server.upload(clip, 'film.mp4');
    const asked = await begun(assetId, { ladder: ladder('second', 60) });
    expect(['queued', 'playable']).toContain(asked.status);
    const seen: [status: string, version: number][] = [];
    const after = await server.until(assetId, ({ status, version, encoding }) => {
      seen.push([status, version]);
      return encoding?.status !== 'running';
    });
    expect(after).toMatchObject({ status: 'ready', version: 2, encoding: { status: 'ready', ladder: 'second' } });
    expect(after.renditions?.map(({ name }) => name)).toEqual(['60p', 'audio']);
    expect(seen).toContainEqual(['ready', 1]);
    expect(seen.filter(([status, version]) => version === 2 && status !== 'ready')).toEqual([]);
    const first = [{ name: '120p', kind: 'video' } as const, { name: 'audio', kind: 'audio' } as const];
    expect(await playThrough(assetId, 1, first)).toBe(10);
    expect(await playThrough(assetId, 2, after.renditions)).toBe(10);
  });

  test('is not begun while its source is still on its way', async () => {
    const response = await fetch(`${server.run.control}/v1/uploads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${server.run.adminToken}`,
        'tus-resumable': '1.0.0',
        'upload-length': String(clip.length),
      },
    });
    const id = response.headers.get('location')?.split('/').at(-1) ?? '';
    expect((await encode(id, {})).status).toBe(409);
  });
});

describe('a deleted film leaves nothing', () => {
  async function expectNothing(assetId: string): Promise<void> {
    expect((await server.api('DELETE', `/v1/assets/${assetId}`)).status).toBe(204);
    await vi.waitFor(
      async () => {
        expect(await stored(assetId)).toEqual([]);
        expect(rows(assetId)).toEqual(NO_ROWS);
      },
      { timeout: 20_000, interval: 200 },
    );
    // A worker that was in the middle of it may be a moment behind: what it had in hand is gone as well.
    await vi.waitFor(async () => expect(await busyWith(assetId)).toBe(false), { timeout: 20_000, interval: 200 });
    await vi.waitFor(async () => expect(await stored(assetId)).toEqual([]), { timeout: 20_000, interval: 200 });
    expect(rows(assetId)).toEqual(NO_ROWS);
  }

  /** Whether an encoder still reads the asset's source. */
  async function busyWith(assetId: string): Promise<boolean> {
    const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')));
    return lines.some((line) => line.includes(`sources/${assetId}`));
  }

  test('with two versions', async () => {
    const { assetId } = await readyFilm();
    await begun(assetId, { ladder: ladder('small', 60) });
    await encoded(assetId, 2);
    expect(new Set((await stored(assetId)).map((file) => file.split('/')[0]))).toEqual(
      new Set(['master.m3u8', 'manifest.mpd', 'poster.jpg', 'storyboard.vtt', 'v1', 'v2', 'original']),
    );
    await expectNothing(assetId);
  });

  test('in the middle of its first encode', async () => {
    const { assetId } = await server.upload(clip, 'film.mp4');
    await server.until(assetId, ({ progress }) => progress.segmentsDone > 0);
    await expectNothing(assetId);
  });

  test('in the middle of an encoding anew', async () => {
    const { assetId } = await readyFilm();
    await begun(assetId, { ladder: ladder('many', 60, 80, 100, 120) });
    await server.until(assetId, ({ encoding }) => (encoding?.progress.segmentsDone ?? 0) > 0);
    await expectNothing(assetId);
  });

  test('whose upload is under way', async () => {
    const { assetId } = await startUpload();
    await expectNothing(assetId);
    expect(
      (await readdir(join(folder, 'intake'), { recursive: true })).filter((file) => file.includes(assetId)),
    ).toEqual([]);
  });

  test('when its server died between its row and its bytes, and starts again', async () => {
    const { assetId } = await readyFilm();
    await server.kill();
    // All that was done of it until then.
    const database = await openDatabase(folder);
    await new AssetRepository(database, systemClock).delete(assetId);
    await database.destroy();
    expect(await stored(assetId)).toContain('original');
    server = await TestServer.start({ folder });
    await vi.waitFor(async () => expect(await stored(assetId)).toEqual([]), { timeout: 20_000, interval: 200 });
    expect(rows(assetId)).toEqual(NO_ROWS);
  });

  async function startUpload(): Promise<{ assetId: string }> {
    const response = await fetch(`${server.run.control}/v1/uploads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${server.run.adminToken}`,
        'tus-resumable': '1.0.0',
        'upload-length': String(clip.length),
        'content-type': 'application/offset+octet-stream',
      },
      body: clip.subarray(0, 5_000),
    });
    expect(response.status).toBe(201);
    return { assetId: response.headers.get('location')?.split('/').at(-1) ?? '' };
  }
});
