import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readSegment } from '../../src/kernel/cmaf/segment.ts';
import { decryptSegment } from '../../src/kernel/encryption/segment.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { besideServer } from '../harness/broadcast-rows.ts';
import { generateClip } from '../harness/clip.ts';
import { freshFolder } from '../harness/folder.ts';
import { frontrow } from '../harness/frontrow.ts';
import { placeRecorded } from '../harness/recorded-broadcast.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';

/** Parts of films, of recordings and of broadcasts that go on, on a real server. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let clips: string;
let folder: string;
let server: TestServer;
let film: AssetBody;
let beside: Awaited<ReturnType<typeof besideServer>>;

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-clips-'));
  await generateClip(join(clips, 'film.mp4'), { seconds: 13, size: '320x240', rate: '25' });
  folder = await freshFolder();
  server = await TestServer.start({ folder });
  beside = await besideServer(folder);
  film = await readyFilm();
});

afterAll(async () => {
  await beside?.close();
  await server?.stop();
  for (const each of [folder, clips]) await rm(each, { recursive: true, force: true });
});

async function readyFilm(encryption = 'none'): Promise<AssetBody> {
  const bytes = new Uint8Array(await readFile(join(clips, 'film.mp4')));
  const { assetId } = await server.upload(bytes, 'film.mp4', 'public', encryption);
  return server.until(assetId, ({ status }) => status === 'ready');
}

async function clip(assetId: string, body: object): Promise<{ status: number; body: AssetBody & { code?: string } }> {
  const response = await server.api('POST', `/v1/assets/${assetId}/clips`, body);
  return { status: response.status, body: (await response.json()) as AssetBody & { code?: string } };
}

async function putSubtitles(assetId: string, srt: string): Promise<void> {
  const response = await fetch(`${server.run.control}/v1/assets/${assetId}/subtitles/en`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${server.run.adminToken}`, 'content-type': 'application/x-subrip' },
    body: srt,
  });
  expect(response.status).toBe(200);
}

/** The lines of the texts that an asset's playlists name, each with its times. */
async function cues(playbackUrl: string): Promise<string[]> {
  const { files } = await everything(playbackUrl);
  const texts = [...files].filter(([href]) => href.endsWith('.vtt')).map(([, bytes]) => bytes.toString());
  return texts.flatMap((text) => [...text.matchAll(/^(\S+ --> \S+)\n(.*)$/gm)].map(([, at, line]) => `${at} ${line}`));
}

/** Every address below the multivariant playlist, with what it answers. */
async function everything(playbackUrl: string) {
  const master = await (await fetch(playbackUrl)).text();
  const playlists = [...master.matchAll(/(?:^|URI=")([^"\s#]+\.m3u8)/gm)].map(
    ([, uri = '']) => new URL(uri, playbackUrl),
  );
  const files = new Map<string, Buffer>();
  for (const url of playlists) {
    const text = await (await fetch(url)).text();
    files.set(url.href, Buffer.from(text));
    for (const [, map, uri] of text.matchAll(/#EXT-X-MAP:URI="([^"]+)"|^([^#\s]+)$/gm)) {
      const file = new URL(map ?? uri ?? '', url);
      const response = await fetch(file);
      expect([file.pathname, response.status]).toEqual([file.pathname, 200]);
      files.set(file.href, Buffer.from(await response.arrayBuffer()));
    }
  }
  return { master, playlists, files };
}

async function bytesOf(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}

/** Pictures in the first playlist of some, of which those of sound come first. */
async function pictures(playlists: readonly URL[]): Promise<number> {
  const url = playlists.find(({ href }) => /\d+p\/index\.m3u8$/.test(href))?.href ?? '';
  const args = ['-v', 'error', '-count_packets', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_packets'];
  const { stdout } = await promisify(execFile)('ffprobe', [...args, '-of', 'csv=p=0', url]);
  return Number.parseInt(stdout, 10);
}

describe('a clip of a film', () => {
  let made: AssetBody;

  beforeAll(async () => {
    const answer = await clip(film.assetId, { inSeconds: 5, outSeconds: 7.5, title: 'The goal' });
    expect(answer.status).toBe(201);
    made = answer.body;
  });

  test('is ready in the answer, and says which whole segments it is', () => {
    expect(made).toMatchObject({
      title: 'The goal',
      policy: 'public',
      status: 'ready',
      durationSeconds: 4,
      clip: { assetId: film.assetId, inSeconds: 4, outSeconds: 8 },
    });
  });

  test('plays at once, has what its playlists name, and begins where the span does', async () => {
    const { master, playlists, files } = await everything(made.playbackUrl);
    expect(master).toContain('#EXT-X-START:TIME-OFFSET=1.000,PRECISE=YES');
    expect(playlists.length).toBeGreaterThan(2);
    expect(await pictures(playlists)).toBe(100);
    const first = [...files].find(([href]) => href.endsWith('240p/s00001.m4s'))?.[1];
    expect(first && readSegment(first)?.startTicks).toBe(4 * 25_000);
    const dash = await fetch(made.dashUrl ?? '');
    expect(await dash.text()).toContain('presentationTimeOffset="100000" startNumber="1"');
  });

  test('has the very bytes of its film, and pictures of its own soon after', async () => {
    const path = made.playbackUrl.replace('master.m3u8', 'v1/240p/s00001.m4s');
    const original = film.playbackUrl.replace('master.m3u8', 'v1/240p/s00001.m4s');
    const [one, other] = await Promise.all([path, original].map(bytesOf));
    expect(one?.equals(other ?? Buffer.alloc(0))).toBe(true);
    const pictured = await server.until(made.assetId, ({ storyboardUrl }) => storyboardUrl !== undefined);
    for (const url of [pictured.posterUrl, pictured.storyboardUrl]) expect((await fetch(url ?? '')).status).toBe(200);
  });

  test('can be clipped again, and outlives both', async () => {
    const parent = await clip(film.assetId, { inSeconds: 0, outSeconds: 12 });
    const { body } = await clip(parent.body.assetId, { inSeconds: 4, outSeconds: 8 });
    expect(body.clip).toEqual({ assetId: parent.body.assetId, inSeconds: 4, outSeconds: 8 });
    await server.api('DELETE', `/v1/assets/${parent.body.assetId}`);
    const { playlists } = await everything(body.playbackUrl);
    expect(await pictures(playlists)).toBe(100);
  });

  test('gets subtitles that are uploaded, cut by its own clock', async () => {
    const text = '1\n00:00:01,000 --> 00:00:02,000\nGoal!\n';
    await putSubtitles(made.assetId, text);
    const fresh = () => fetch(made.playbackUrl, { headers: { 'cache-control': 'no-cache' } });
    await expect.poll(async () => (await fresh()).text(), { timeout: 20_000 }).toContain('TYPE=SUBTITLES');
    const { files } = await everything(made.playbackUrl);
    const vtt = [...files].find(([href]) => href.endsWith('.vtt'))?.[1].toString();
    expect(vtt).toContain('X-TIMESTAMP-MAP=MPEGTS:360000,LOCAL:00:00:00.000');
    expect(vtt).toContain('00:00:01.000 --> 00:00:02.000\nGoal!');
  });

  test('is made by a command too', async () => {
    const ran = await frontrow(['asset', 'clip', film.assetId, '--in', '1', '--out', '3', '--json', '--data', folder]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ status: 'ready', clip: { inSeconds: 0, outSeconds: 4 } });
  });

  test('is not encoded again: it has no source', async () => {
    const response = await server.api('POST', `/v1/assets/${made.assetId}/encodings`, {});
    expect([response.status, await response.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'ASSET_WITHOUT_SOURCE' }),
    ]);
  });
});

test.each([
  ['that ends before it begins', { inSeconds: 3, outSeconds: 2 }, 422, 'CLIP_RANGE_INVALID'],
  ['of nothing', { inSeconds: 3, outSeconds: 3 }, 422, 'CLIP_RANGE_INVALID'],
  ['beyond the end', { inSeconds: 3, outSeconds: 60 }, 422, 'CLIP_RANGE_INVALID'],
  ['that is too long', { inSeconds: 0, outSeconds: 3_700 }, 422, 'CLIP_RANGE_INVALID'],
  ['of neither a span nor the last seconds', { inSeconds: 3 }, 422, 'CLIP_RANGE_INVALID'],
  ['of both', { inSeconds: 1, outSeconds: 3, lastSeconds: 2 }, 422, 'CLIP_RANGE_INVALID'],
  ['before the beginning', { inSeconds: -1, outSeconds: 3 }, 400, 'INVALID_REQUEST'],
])('a clip %s is refused', async (_, span, status, code) => {
  const answer = await clip(film.assetId, span);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

test('a clip of an encrypted film is encrypted as that is, and opens with the same numbers', async () => {
  const encrypted = await readyFilm('aes-128');
  const { body } = await clip(encrypted.assetId, { inSeconds: 4, outSeconds: 8 });
  expect(body).toMatchObject({ status: 'ready', encryption: 'aes-128' });
  const { playlists, files } = await everything(body.playbackUrl);
  const [first] = playlists;
  const text = files.get(first?.href ?? '')?.toString() ?? '';
  expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:1');
  const key = Buffer.from(await (await fetch(new URL('../key', first))).arrayBuffer());
  const sealed = [...files].find(([href]) => href.endsWith('240p/s00001.m4s'))?.[1];
  const opened = sealed && decryptSegment(sealed, key, 1);
  expect(opened && readSegment(opened)?.startTicks).toBe(4 * 25_000);
  await server.until(body.assetId, ({ storyboardUrl }) => storyboardUrl !== undefined);
});

describe('a broadcast', () => {
  test('that goes on can be clipped, is not deleted, and plays as a whole when it has ended', async () => {
    const placed = await placeRecorded(beside, [
      { seconds: 6, beganAtMs: 1_000 },
      { seconds: 6, beganAtMs: 20_000 },
    ]);
    const running = await server.until(placed.recordingId, () => true);
    expect(running).toMatchObject({ status: 'uploading', recording: { streamId: placed.streamId, broadcast: 1 } });
    expect((await fetch(running.playbackUrl)).status).toBe(404);
    const made = await clip(placed.recordingId, { inSeconds: 5, outSeconds: 7 });
    expect(made.body).toMatchObject({ status: 'ready', clip: { inSeconds: 4, outSeconds: 8 } });
    const { playlists } = await everything(made.body.playbackUrl);
    expect(await pictures(playlists)).toBe(100);
    const last = await clip(placed.recordingId, { lastSeconds: 3 });
    expect(last.body).toMatchObject({ status: 'ready', clip: { inSeconds: 8, outSeconds: 12 } });
    const all = await clip(placed.recordingId, { lastSeconds: 30 });
    expect(all.body).toMatchObject({ clip: { inSeconds: 0, outSeconds: 12 } });
    const refused = await server.api('DELETE', `/v1/assets/${placed.recordingId}`);
    expect(await refused.json()).toMatchObject({ code: 'RECORDING_RUNNING', status: 409 });

    await beside.recordings.finish(placed);
    const ended = await server.until(placed.recordingId, ({ storyboardUrl }) => storyboardUrl !== undefined);
    expect(ended).toMatchObject({ status: 'ready', durationSeconds: 12 });
    const whole = await everything(ended.playbackUrl);
    expect(await pictures(whole.playlists)).toBe(300);
    for (const [href, bytes] of whole.files) {
      if (!href.endsWith('.m3u8')) continue;
      const playlist = parsePlaylist(bytes.toString());
      if (playlist?.kind !== 'media') throw new Error(`${href} is no media playlist`);
      const { segments } = playlist;
      expect(segments.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0)).toBeCloseTo(12, 1);
    }
  });
});

describe('subtitles', () => {
  const SRT = [
    '1\n00:00:01,000 --> 00:00:03,000\nBefore',
    '2\n00:00:04,500 --> 00:00:06,000\nWithin',
    '3\n00:00:07,000 --> 00:00:09,500\nBeyond',
  ].join('\n\n');

  test('come along with a clip, cut to it and by its own clock, and with a clip of that', async () => {
    await putSubtitles(film.assetId, SRT);
    const one = (await clip(film.assetId, { inSeconds: 4, outSeconds: 8 })).body;
    expect(await cues(one.playbackUrl)).toEqual([
      '00:00:00.500 --> 00:00:02.000 Within',
      '00:00:03.000 --> 00:00:04.000 Beyond',
    ]);
    const listed = await (await server.api('GET', `/v1/assets/${one.assetId}/subtitles`)).json();
    expect(JSON.stringify(listed)).toContain('"language":"en"');
    await server.api('DELETE', `/v1/assets/${film.assetId}/subtitles/en`);
    const parent = (await clip(film.assetId, { inSeconds: 0, outSeconds: 12 })).body;
    expect(await cues(parent.playbackUrl)).toEqual([]);
    await putSubtitles(parent.assetId, SRT);
    const middle = (await clip(parent.assetId, { inSeconds: 4, outSeconds: 12 })).body;
    const last = (await clip(middle.assetId, { inSeconds: 0, outSeconds: 4 })).body;
    await server.api('DELETE', `/v1/assets/${middle.assetId}`);
    expect(await cues(last.playbackUrl)).toEqual([
      '00:00:00.500 --> 00:00:02.000 Within',
      '00:00:03.000 --> 00:00:04.000 Beyond',
    ]);
  });

  test('of a broadcast come along while it goes on, each by the clock of its session', async () => {
    const placed = await placeRecorded(beside, [
      { seconds: 6, beganAtMs: 1_000 },
      { seconds: 6, beganAtMs: 20_000 },
    ]);
    await putSubtitles(placed.recordingId, SRT);
    const made = (await clip(placed.recordingId, { inSeconds: 4, outSeconds: 8 })).body;
    expect(await cues(made.playbackUrl)).toEqual([
      '00:00:00.500 --> 00:00:02.000 Within',
      '00:00:01.000 --> 00:00:02.000 Beyond',
    ]);
    const dash = await (await fetch(made.dashUrl ?? '')).text();
    expect(dash.match(/all-[12]\.vtt/g)).toEqual(['all-1.vtt', 'all-2.vtt']);
  });
});
