import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import { findBox } from '../../src/kernel/cmaf/boxes.ts';
import { renditionNames, segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { newId } from '../../src/kernel/ids.ts';
import { parseLadder } from '../../src/kernel/ladder/ladder.ts';
import { planFilm } from '../../src/transcode/plan.ts';
import { probeSource } from '../../src/transcode/probe.ts';
import { Publisher } from '../../src/transcode/publisher.ts';
import { readIndex } from '../../src/transcode/source-index.ts';
import { ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

const LADDER = parseLadder(readFileSync(new URL('../../media/ladders/h264.json', import.meta.url), 'utf8'));

let scenario: TranscodeScenario;
let clips: string;

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-clips-'));
  scenario = await TranscodeScenario.open({ chunkSegments: 2 });
  await scenario.start();
});

afterAll(async () => {
  await scenario.close();
  await rm(clips, { recursive: true, force: true });
});

interface Shape {
  readonly rate?: string;
  readonly seconds?: number;
  readonly size?: string;
  readonly gop?: number;
  readonly more?: readonly string[];
}

/** H.264 with B-frames and a key frame every `gop` frames, and a tone. */
async function make(name: string, { rate = '25', seconds = 5, size = '128x96', gop = 25, more = [] }: Shape = {}) {
  const path = join(clips, name);
  const inputs = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`];
  const tone = ['-f', 'lavfi', '-i', `sine=sample_rate=48000:duration=${seconds}`];
  const picture = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '3', '-g', `${gop}`];
  await ffmpegTool(...inputs, ...tone, ...picture, '-sc_threshold', '0', '-c:a', 'aac', ...more, path);
  return path;
}

/** The decoded pictures of a file, one hash each. */
async function pictures(file: string): Promise<string[]> {
  const options = ['-v', 'error', '-i', file, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'];
  const { stdout } = await promisify(execFile)('ffmpeg', options, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => (/^\d/.test(line) ? [line.split(',').at(-1)?.trim() ?? ''] : []));
}

async function joined(asset: Asset, name: string): Promise<string> {
  const { init, segments } = await scenario.rendition(asset.id, name);
  const path = join(clips, `${asset.id}-${name}.mp4`);
  await writeFile(path, Buffer.concat([init, ...segments]));
  return path;
}

/** What a worker would do with a file, without doing it. */
async function planOf(path: string) {
  const limits = { maxPixels: 1e8, maxSeconds: 3_600, abort: new AbortController().signal };
  return planFilm('as_x', await probeSource(path, limits), LADDER, 6);
}

const names = (asset: Asset) => asset.film?.video?.renditions.map(({ name }) => name);

describe('a source that can be played as it is', () => {
  const shapes: [string, Shape, number][] = [
    ['key frames on our own grid', { rate: '25', gop: 25 }, 100],
    ['key frames on a grid of its own', { rate: '24', gop: 60, seconds: 6 }, 120],
    ['29.97 frames a second', { rate: '30000/1001', gop: 30 }, 120],
    [
      'a QuickTime clock that cannot count 29.97',
      { rate: '30000/1001', gop: 60, more: ['-video_track_timescale', '600'] },
      120,
    ],
    ['sixty frames a second and one key frame every four seconds', { rate: '60', gop: 240 }, 240],
    ['a clip shorter than a segment', { seconds: 1, gop: 250 }, 100],
    ['timestamps that start late', { more: ['-output_ts_offset', '5'] }, 100],
    ['no B-frames', { more: ['-bf', '0'] }, 100],
    ['the index in front', { more: ['-movflags', '+faststart'] }, 100],
  ];
  test.each(shapes)('%s: its own packets on the grid of every rendition', async (name, shape, framesPerSegment) => {
    const source = await make(`${name.replaceAll(/\W/g, '-')}.mp4`, shape);
    const asset = await scenario.ready(source);
    const { film } = asset;
    expect(names(asset)).toContain('source');
    expect(film?.video?.framesPerSegment).toBe(framesPerSegment);

    expect(await pictures(await joined(asset, 'source'))).toEqual(await pictures(source));
    const grid = new Map<string, { startTicks: number; sampleCount: number }[]>();
    for (const each of names(asset) ?? []) {
      const { facts, initFacts } = await scenario.rendition(asset.id, each);
      expect(facts.every(({ startsWithSync }) => startsWithSync)).toBe(true);
      expect(initFacts?.timescale).toBe(film?.video?.timescale);
      grid.set(
        each,
        facts.map(({ startTicks, sampleCount }) => ({ startTicks, sampleCount })),
      );
      expect(facts).toHaveLength(film ? segmentCount(film) : 0);
      facts.forEach((fact, index) => {
        const timing = film && segmentTiming(film, each, index);
        expect(fact).toMatchObject({ startTicks: timing?.startTicks, durationTicks: timing?.durationTicks });
      });
    }
    expect(grid.size).toBeGreaterThan(1);
    const [first, ...others] = grid.values();
    for (const other of others) expect(other).toEqual(first);
  });

  test('its bandwidth and codec are right before the first segment exists', async () => {
    const planned = await TranscodeScenario.open({ workers: 1 });
    const source = await make('promised.mp4', { seconds: 9 });
    try {
      const id = await planned.ingest(source);
      await planned.start();
      await planned.until(id, ({ film }) => film !== undefined);
      const before = parsePlaylist(await planned.text(`assets/${id}/master.m3u8`));
      await planned.until(id, ({ status }) => status === 'ready');
      const after = parsePlaylist(await planned.text(`assets/${id}/master.m3u8`));
      if (before?.kind !== 'multivariant' || after?.kind !== 'multivariant') throw new Error('no playlist');
      const [first] = before.variants;
      const same = after.variants.find(({ uri }) => uri === first?.uri);
      expect(first?.uri).toBe('v1/source/index.m3u8');
      expect(after.variants[0]?.uri).not.toBe(first?.uri);
      const { initFacts, segments } = await planned.rendition(id, 'source');
      expect(first?.codecs[0]).toBe(initFacts?.codecs);
      const bps = Math.max(...segments.slice(0, -1).map(({ length }) => length * 2));
      expect(first?.bandwidthBps).toBeGreaterThanOrEqual(bps);
      expect((first?.bandwidthBps ?? 0) / (same?.bandwidthBps ?? 1)).toBeCloseTo(1, 1);
    } finally {
      await planned.close();
    }
  });

  test('makes the film playable together with the first sound, before anything is encoded', async () => {
    const film = (await planOf(await make('quick.mp4'))).film;
    const { id } = await scenario.assets.create({ id: newId('as'), title: '', policy: 'public', sourceName: '' });
    await scenario.assets.sourceStored(id, 1);
    await scenario.assets.planned(id, 1, film);
    const publisher = new Publisher(scenario);
    const publish = async (rendition: string) => {
      const asset = await scenario.assets.find(id);
      if (asset) await publisher.segment(asset, rendition, 0, Buffer.from('x'));
      return (await scenario.assets.find(id))?.status;
    };
    expect(await publish('source')).toBe('queued');
    expect(await publish('audio')).toBe('playable');
    await scenario.assets.delete(id);
  });

  test('stands for the encoded rung of its size when it asks no more of a line, and beside it when it does', async () => {
    const lean = await planOf(await make('lean.mp4', { size: '640x360', more: ['-crf', '35'] }));
    expect(lean.film.video?.renditions.map(({ name }) => name)).toEqual(['240p', 'source']);
    const rate = ['-b:v', '1600k', '-minrate', '1600k', '-maxrate', '1600k', '-bufsize', '1600k'];
    const fat = [...rate, '-x264-params', 'nal-hrd=cbr'];
    const rich = await planOf(await make('rich.mp4', { size: '640x360', more: fat }));
    expect(rich.film.video?.renditions.map(({ name }) => name)).toEqual(['240p', '360p', 'source']);
  });
});

describe('a source that cannot be played as it is has no such rendition, and is a film all the same', () => {
  const fat = ['-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-bufsize', '2M', '-x264-params', 'nal-hrd=cbr'];
  const shapes: [string, Shape][] = [
    ['key frames where the scene changes', { gop: 250, seconds: 9, more: ['-force_key_frames', '1.2,3.8,7,9.1'] }],
    ['key frames too far apart', { gop: 250, seconds: 11 }],
    [
      'open groups of pictures',
      { rate: '24', seconds: 9, more: ['-x264-params', 'open-gop=1:bframes=3:b-adapt=0:keyint=24:scenecut=0'] },
    ],
    ['ten bits', { more: ['-pix_fmt', 'yuv420p10le'] }],
    ['4:4:4', { more: ['-pix_fmt', 'yuv444p'] }],
    ['interlaced pictures', { more: ['-flags', '+ilme+ildct', '-x264-params', 'tff=1'] }],
    ['oblong pixels', { more: ['-vf', 'setsar=4/3'] }],
    ['more bits than a line takes', { more: fat }],
    ['frames at odd times', { more: ['-vf', "select='mod(n,7)'", '-fps_mode', 'vfr', '-enc_time_base', '1/1000'] }],
    ['fragments', { more: ['-movflags', '+frag_keyframe+empty_moov'] }],
    ['a cut by an edit list', {}],
  ];
  test.each(shapes)('%s', async (name, shape) => {
    let source = await make(`${name.replaceAll(/\W/g, '-')}.mp4`, shape);
    if (name.startsWith('a cut')) {
      const cut = join(clips, 'cut.mp4');
      await ffmpegTool('-ss', '1.48', '-i', source, '-c', 'copy', cut);
      source = cut;
    }
    const { film, jobs } = await planOf(source);
    expect(film.video?.renditions.map(({ copied }) => copied)).toEqual([undefined]);
    expect(jobs.map(({ kind }) => kind)).not.toContain('copy');
  });

  test('another container', async () => {
    const { film } = await planOf(await make('same.mkv'));
    expect(film.video?.renditions.map(({ copied }) => copied)).toEqual([undefined]);
  });
});

describe('an index that lies', () => {
  /** Writes over the first bytes of the sample that segment 1 begins with. */
  async function spoil(path: string, bytes: (length: Buffer) => Buffer): Promise<void> {
    const table = (await readIndex(path)).find(({ kind }) => kind === 'video');
    const offset = table?.offsets[100] ?? 0;
    const file = await open(path, 'r+');
    const head = Buffer.alloc(5);
    await file.read(head, 0, 5, offset);
    await file.write(bytes(head), 0, 5, offset);
    await file.close();
  }

  test.each([
    ['a key frame that is none', (head: Buffer) => Buffer.from([...head.subarray(0, 4), 0x41])],
    ['units longer than their sample', () => Buffer.from([0x7f, 0xff, 0xff, 0xff, 0x65])],
  ])('%s: the rendition is taken back and the film ends ready without it', async (name, bytes) => {
    const path = await make(`${name.replaceAll(' ', '-')}.mp4`);
    await spoil(path, bytes);
    const asset = await scenario.ready(path);
    expect(names(asset)).toEqual(['96p']);
    expect(await scenario.text(`assets/${asset.id}/master.m3u8`)).not.toContain('source');
    expect((await scenario.files(asset.id)).filter((file) => file.includes('source'))).toEqual([]);
    expect(asset.segmentsDone).toBe(asset.segmentsTotal);
    expect(asset.film && renditionNames(asset.film)).toEqual(['96p', 'audio']);
  });
});

test('the init segment of copied packets is a CMAF header without an edit list', async () => {
  const asset = await scenario.ready(await make('header.mp4'));
  const { init } = await scenario.rendition(asset.id, 'source');
  expect(findBox(init, ['moov', 'trak', 'edts'])).toBeUndefined();
  expect(findBox(init, ['moov', 'mvex', 'trex'])).toBeDefined();
  const source = await readFile(join(clips, 'header.mp4'));
  const avcC = findBox(init, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd']);
  expect(avcC && source.includes(init.subarray(avcC.end - 40, avcC.end))).toBe(true);
});
