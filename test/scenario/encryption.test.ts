import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import { readSegment } from '../../src/kernel/cmaf/segment.ts';
import { decryptSegment } from '../../src/kernel/encryption/segment.ts';
import { renditionNames, segmentTiming } from '../../src/kernel/film/film.ts';
import { contentKeyPath, filmPrefix } from '../../src/kernel/film/paths.ts';
import { measureBandwidth } from '../../src/kernel/hls/film-playlists.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { EarlyUpload, fetchSegment, steadyFilm } from '../harness/early-upload.ts';
import { freshFolder } from '../harness/folder.ts';
import { frontrow } from '../harness/frontrow.ts';
import { type AssetBody, TestServer } from '../harness/server.ts';
import { countFrames, ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

// Whole films are encoded in here.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 120_000 });

const SECONDS = 13;
const FRAMES = SECONDS * 25;

let folder: string;
let clip: string;

beforeAll(async () => {
  folder = await freshFolder();
  clip = join(folder, 'film.mp4');
  const inputs = ['-f', 'lavfi', '-i', `testsrc2=size=160x120:rate=25:duration=${SECONDS}`];
  const tone = ['-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${SECONDS}`];
  // With a key frame every second, so that the source's own packets become a rendition too.
  const picture = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '3', '-g', '25'];
  await ffmpegTool(...inputs, ...tone, ...picture, '-sc_threshold', '0', '-c:a', 'aac', clip);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an encrypted film at rest', () => {
  let scenario: TranscodeScenario;
  let asset: Asset;
  let key: Buffer;

  beforeAll(async () => {
    scenario = await TranscodeScenario.open({ chunkSegments: 2 });
    await scenario.start();
    const id = await scenario.ingest(clip, { encryption: 'aes-128' });
    asset = await scenario.until(id, ({ status }) => status === 'ready');
    await scenario.idle(id);
    key = (await scenario.contentKeys.find(id, 1)) ?? Buffer.alloc(0);
  });
  afterAll(() => scenario.close());

  test('is ciphertext in every segment, of copied, encoded and sound renditions, that opens to the planned grid', async () => {
    const { film, id } = asset;
    if (!film) throw new Error('no film');
    expect(renditionNames(film)).toContain('source');
    for (const name of renditionNames(film)) {
      const { segments, initFacts } = await scenario.rendition(id, name);
      expect(initFacts).toBeDefined();
      expect(segments).toHaveLength(4);
      for (const [index, sent] of segments.entries()) {
        expect(readSegment(sent)).toBeUndefined();
        const opened = decryptSegment(sent, key, index);
        const { startTicks, durationTicks } = segmentTiming(film, name, index) ?? {};
        expect(opened && readSegment(opened)).toMatchObject({ startTicks, durationTicks });
      }
    }
  });

  test('cannot be played by whoever has the files and not the key, and can be with it', async () => {
    for (const name of renditionNames(asset.film ?? { segmentSeconds: 4, durationSeconds: 0 })) {
      if (name.startsWith('audio')) continue;
      const { init, segments } = await scenario.rendition(asset.id, name);
      const stolen = join(folder, 'stolen.mp4');
      await writeFile(stolen, Buffer.concat([init, ...segments]));
      const frames = await countFrames(stolen).catch(() => 0);
      expect(frames || 0).toBe(0);
      const opened = segments.map((sent, index) => decryptSegment(sent, key, index) ?? Buffer.alloc(0));
      await writeFile(stolen, Buffer.concat([init, ...opened]));
      expect(await countFrames(stolen)).toBe(FRAMES);
    }
  });

  test('has its key in no file', async () => {
    expect(key).toHaveLength(16);
    const spellings = [
      key,
      ...(['hex', 'base64', 'base64url'] as const).map((each) => Buffer.from(key.toString(each))),
    ];
    const files = await readdir(scenario.folder, { recursive: true, withFileTypes: true });
    let looked = 0;
    for (const file of files.filter((each) => each.isFile())) {
      const bytes = await readFile(join(file.parentPath, file.name));
      for (const spelling of spellings) expect(bytes.includes(spelling), file.name).toBe(false);
      looked += 1;
    }
    expect(looked).toBeGreaterThan(20);
  });

  test('names its key behind the map in every playlist, and has neither playlists of key frames nor a manifest', async () => {
    for (const name of renditionNames(asset.film ?? { segmentSeconds: 4, durationSeconds: 0 })) {
      const playlist = await scenario.text(`${filmPrefix(asset.id)}v1/${name}/index.m3u8`);
      expect(playlist).toMatch(
        /\n#EXT-X-MAP:URI="init\.mp4"\n#EXT-X-KEY:METHOD=AES-128,URI="\.\.\/key"\n#EXTINF:[\d.]+,\ns00000\.m4s\n/,
      );
      expect(playlist.match(/EXT-X-KEY/g)).toHaveLength(1);
    }
    const files = await scenario.files(asset.id);
    expect(files.filter((file) => /iframes|manifest/.test(file))).toEqual([]);
    expect(await scenario.text(`${filmPrefix(asset.id)}master.m3u8`)).not.toContain('I-FRAME');
  });

  test('states the bandwidth of what is sent, not of what was encoded', async () => {
    const published = await scenario.assets.segments(asset.id, 1);
    const master = parsePlaylist(await scenario.text(`${filmPrefix(asset.id)}master.m3u8`));
    if (master?.kind !== 'multivariant' || !asset.film) throw new Error('no playlist');
    const peakOf = async (name: string) => {
      const { segments } = await scenario.rendition(asset.id, name);
      const sizes = segments.map(({ length }) => length);
      expect(published.filter(({ rendition }) => rendition === name).map(({ bytes }) => bytes)).toEqual(sizes);
      expect(sizes.every((size) => size % 16 === 0)).toBe(true);
      return asset.film && measureBandwidth(asset.film, name, new Map(sizes.entries()))?.peakBps;
    };
    const sound = (await peakOf('audio')) ?? 0;
    const [first] = master.variants;
    const name = first?.uri.split('/')[1] ?? '';
    expect(first?.bandwidthBps).toBe(((await peakOf(name)) ?? 0) + sound);
  });

  test('encoded by a worker that has another secret ends with a code that says so', async () => {
    const other = await TranscodeScenario.open({ chunkSegments: 2, chunkAttempts: 1 });
    try {
      const id = await other.ingest(clip, { encryption: 'aes-128' });
      await other.foreignKey(id);
      await other.start();
      const { error } = await other.until(id, ({ status }) => status === 'errored' || status === 'ready');
      expect(error?.code).toBe('CONTENT_KEY_UNREADABLE');
    } finally {
      await other.close();
    }
  });
});

describe('an encrypted film on its way to viewers', () => {
  let server: TestServer;
  let assetId: string;
  let grant: { readonly url: string; readonly dashUrl?: string; readonly token: string };

  beforeAll(async () => {
    server = await TestServer.start();
    ({ assetId } = await server.upload(new Uint8Array(await readFile(clip)), 'film.mp4', 'signed', 'aes-128'));
    await server.until(assetId, ({ status }) => status === 'ready');
    const answer = await server.api('POST', '/v1/playback-grants', { assetId });
    grant = (await answer.json()) as typeof grant;
  });
  afterAll(() => server.stop());

  const edge = (path: string) => fetch(`${server.run.edge}${path}`);
  const keyOf = async (id: string, version: number) => {
    const answer = await edge(`/t/${await tokenOf(id)}${contentKeyPath(id, version)}`);
    return answer.status === 200 ? Buffer.from(await answer.arrayBuffer()) : answer.status;
  };
  const tokenOf = async (id: string) => {
    const answer = await server.api('POST', '/v1/playback-grants', { assetId: id });
    return ((await answer.json()) as { token: string }).token;
  };

  test('plays in ffmpeg by a signed URL alone, every frame of every rendition and all of the sound', async () => {
    for (const stream of ['v:0', 'v:1']) {
      expect(await countFrames(grant.url, '-select_streams', stream), stream).toBe(FRAMES);
    }
    const { stdout } = await promisify(execFile)('ffprobe', [
      ...['-v', 'error', '-count_packets', '-select_streams', 'a:0', '-show_entries', 'stream=nb_read_packets'],
      ...['-of', 'csv=p=0', grant.url],
    ]);
    // AAC frames of 1024 samples to the end of the picture.
    expect(Number.parseInt(stdout, 10)).toBe(Math.ceil((SECONDS * 48_000) / 1024));
  });

  test('plays from one rendition asked for by its own signed URL', async () => {
    const { stdout } = await frontrow(['key', 'create', '--data', server.folder, '--json']);
    const { keyPairId, privateKeyPem } = JSON.parse(stdout) as { keyPairId: string; privateKeyPem: string };
    const pem = join(folder, 'key.pem');
    await writeFile(pem, privateKeyPem);
    const url = `${server.run.edge}/assets/${assetId}/v1/source/index.m3u8`;
    const signed = await frontrow(['sign', url, '--key-pair-id', keyPairId, '--private-key', pem, '--json']);
    const play = (JSON.parse(signed.stdout) as { url: string }).url;
    await expect.poll(async () => (await fetch(play)).status).toBe(200);
    expect(await countFrames(play)).toBe(FRAMES);
  });

  test('does not play, nor gives its key, without a grant', async () => {
    expect((await edge(contentKeyPath(assetId, 1))).status).toBe(403);
    expect((await edge(`/assets/${assetId}/master.m3u8`)).status).toBe(403);
    await expect(countFrames(`${server.run.edge}/assets/${assetId}/master.m3u8`)).rejects.toThrow(/403/);
  });

  test('gives its key to those alone who are let in to this film and version, and lets nobody keep it', async () => {
    const { assetId: other } = await server.upload(Buffer.from('no film'), 'other.mp4', 'signed', 'aes-128');
    const foreign = await tokenOf(other);
    expect((await edge(`/t/${foreign}${contentKeyPath(assetId, 1)}`)).status).toBe(403);
    expect((await edge(`${contentKeyPath(assetId, 1)}?token=${foreign}`)).status).toBe(403);
    expect(await keyOf(assetId, 2)).toBe(404);
    const answer = await edge(`${contentKeyPath(assetId, 1)}?token=${grant.token}`);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
    expect(await keyOf(assetId, 1)).toHaveLength(16);
    const head = await fetch(`${server.run.edge}/t/${grant.token}${contentKeyPath(assetId, 1)}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '16']);
  });

  test('says that it is encrypted, and has no DASH manifest to offer', async () => {
    const asset = await server.asset(assetId);
    expect(asset).toMatchObject({ encryption: 'aes-128' });
    expect([asset.dashUrl, grant.dashUrl]).toEqual([undefined, undefined]);
    const answer = await edge(`/t/${grant.token}/assets/${assetId}/manifest.mpd`);
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'DASH_UNAVAILABLE' }]);
    const sign = ['sign', `${server.run.edge}/assets/${assetId}/manifest.mpd`, '--data', server.folder];
    expect((await frontrow(sign)).stderr).toContain('DASH_UNAVAILABLE');
    expect((await frontrow(['asset', 'show', assetId, '--data', server.folder])).stdout).toMatch(/encryption +aes-128/);
  });

  test.each([
    ['a raw body', (server: TestServer) => raw(server, '?filename=a.mp4&encryption=sample-aes', 'film')],
    [
      'a pull',
      (server: TestServer) =>
        server.api('POST', '/v1/assets', { source: { url: 'http://203.0.113.1/a.mp4' }, encryption: 'rot13' }),
    ],
    [
      'a resumable upload',
      (server: TestServer) =>
        fetch(`${server.run.control}/v1/uploads`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${server.run.adminToken}`,
            'tus-resumable': '1.0.0',
            'upload-length': '5',
            'upload-metadata': `encryption ${Buffer.from('AES').toString('base64')}`,
          },
        }),
    ],
    [
      'an encoding anew',
      (server: TestServer) => server.api('POST', '/v1/assets/as_aaaabbbbccccdddd/encodings', { encryption: 'aes-256' }),
    ],
  ])('another encryption than there is is refused: %s', async (_, ask) => {
    const answer = await ask(server);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'INVALID_REQUEST' }]);
  });

  test('is asked for on the command line, plays without a grant when public, and its key is as public as it is', async () => {
    const file = ['upload', clip, '--encrypt', '--wait', 'ready', '--data', server.folder, '--json'];
    const made = JSON.parse((await frontrow(file)).stdout) as { assetId: string; playbackUrl: string };
    expect(await server.asset(made.assetId)).toMatchObject({ encryption: 'aes-128', policy: 'public' });
    expect(await countFrames(made.playbackUrl, '-select_streams', 'v:0')).toBe(FRAMES);
    expect((await edge(contentKeyPath(made.assetId, 1))).status).toBe(200);
    expect((await server.api('DELETE', `/v1/assets/${made.assetId}`)).status).toBe(204);
    expect(await keyOf(made.assetId, 1).catch(() => 'no grant')).not.toBeInstanceOf(Buffer);
  });

  test('is encrypted from its first segment on where it is encoded while it still arrives', async () => {
    const source = await steadyFilm(24, 'first');
    const half = Math.floor(source.length / 2);
    const early = await EarlyUpload.begin(server, source, { filename: 'early.mp4', encryption: 'aes-128' });
    expect(await early.send(server, 0, half)).toBe(204);
    const begun = await server.until(early.id, ({ progress }) => progress.segmentsDone > 0);
    expect(begun).toMatchObject({ status: 'uploading', encryption: 'aes-128' });
    const key = (await keyOf(early.id, 1)) as Buffer;
    const { status, bytes } = await fetchSegment(begun, 0);
    const opened = decryptSegment(bytes, key, 0);
    expect([status, readSegment(bytes), opened && readSegment(opened)?.startTicks]).toEqual([200, undefined, 0]);
    expect(await early.send(server, half, source.length)).toBe(204);
    const { playbackUrl } = await server.until(early.id, ({ status }) => status === 'ready');
    expect(await keyOf(early.id, 1)).toEqual(key);
    expect(await countFrames(playbackUrl, '-select_streams', 'v:0')).toBe(24 * 25);
  });

  test('encoded again gets another key, may be had in the clear, and the version before plays on', async () => {
    const first = await keyOf(assetId, 1);
    const encoded = async (version: number, body: object) => {
      expect((await server.api('POST', `/v1/assets/${assetId}/encodings`, body)).status).toBe(202);
      return server.until(
        assetId,
        ({ encoding }: AssetBody) => encoding?.version === version && encoding.status !== 'running',
      );
    };
    expect((await encoded(2, {})).encoding).toMatchObject({ status: 'ready', encryption: 'aes-128' });
    const second = await keyOf(assetId, 2);
    expect(second).toBeInstanceOf(Buffer);
    expect(second).not.toEqual(first);
    const play = `${server.run.edge}/t/${await tokenOf(assetId)}/assets/${assetId}`;
    await expect.poll(async () => (await fetch(`${play}/master.m3u8`)).text()).toContain('v2/');
    expect(await countFrames(`${play}/master.m3u8`, '-select_streams', 'v:0')).toBe(FRAMES);
    expect(await countFrames(`${play}/v1/source/index.m3u8`)).toBe(FRAMES);
    const clear = await encoded(3, { encryption: 'none' });
    expect(clear.encryption).toBeUndefined();
    expect(clear.dashUrl).toBeDefined();
    expect(await keyOf(assetId, 3)).toBe(404);
    expect(await keyOf(assetId, 2)).toEqual(second);
    await expect.poll(async () => (await fetch(`${play}/manifest.mpd`)).status).toBe(200);
    expect(await countFrames(`${play}/v3/source/index.m3u8`)).toBe(FRAMES);
  });
});

function raw(server: TestServer, query: string, body: string): Promise<Response> {
  return fetch(`${server.run.control}/v1/assets${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.run.adminToken}`, 'content-type': 'application/octet-stream' },
    body,
  });
}
