import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import {
  AAC_FRAME,
  audioFrameAt,
  type Film,
  frameTicks,
  renditionNames,
  segmentCount,
  segmentTiming,
} from '../../src/kernel/film/film.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { placeClip } from '../harness/clip.ts';
import { countFrames, ffmpegTool, type Rendition, TranscodeScenario } from '../harness/transcode-scenario.ts';

let scenario: TranscodeScenario;
let clips: string;

beforeAll(async () => {
  clips = await mkdtemp(join(tmpdir(), 'frontrow-clips-'));
  // Small chunks, so that short clips have seams between several of them.
  scenario = await TranscodeScenario.open({ chunkSegments: 1 });
  await scenario.start();
});

afterAll(async () => {
  await scenario.close();
  await rm(clips, { recursive: true, force: true });
});

const PICTURE = (size: string, rate: string, seconds: number) => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`,
];
const SOUND = (seconds: number, rate = 44_100) => ['-f', 'lavfi', '-i', `sine=sample_rate=${rate}:duration=${seconds}`];
const FAST = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];

async function make(name: string, ...options: string[]): Promise<string> {
  const path = join(clips, name);
  await ffmpegTool(...options, path);
  return path;
}

function filmOf(asset: Asset): Film {
  if (!asset.film) throw new Error('not planned');
  return asset.film;
}

/** Every segment of every rendition on the film's grid, without a gap, opening on a sync sample. */
async function expectSeamless(asset: Asset): Promise<void> {
  const film = filmOf(asset);
  for (const name of renditionNames(film)) {
    const { facts, initFacts } = await scenario.rendition(asset.id, name);
    const planned = Array.from({ length: segmentCount(film) }, (_, index) => segmentTiming(film, name, index));
    expect(facts.map(({ startTicks }) => startTicks)).toEqual(planned.map((each) => each?.startTicks));
    expect(facts.map(({ durationTicks }) => durationTicks)).toEqual(planned.map((each) => each?.durationTicks));
    expect(facts.every(({ startsWithSync }) => startsWithSync)).toBe(true);
    expect(initFacts?.timescale).toBe(planned[0]?.timescale);
  }
}

/** Plays a rendition as a player does, init and all segments in a row, and counts what comes out. */
async function decodedFrames({ init, segments }: Pick<Rendition, 'init' | 'segments'>): Promise<number> {
  const file = join(clips, 'joined.mp4');
  await writeFile(file, Buffer.concat([init, ...segments]));
  return countFrames(file);
}

async function expectDecodes(asset: Asset): Promise<void> {
  const film = filmOf(asset);
  for (const { name } of film.video?.renditions ?? []) {
    expect(await decodedFrames(await scenario.rendition(asset.id, name))).toBe(film.video?.frameCount);
  }
  for (const { name } of film.audio?.renditions ?? []) {
    // A decoder of the sound alone swallows the one frame that only leads in to the next.
    const frames = await decodedFrames(await scenario.rendition(asset.id, name));
    expect(frames).toBe(film.audio?.frameCount);
  }
}

describe('a film of real footage', () => {
  let asset: Asset;

  beforeAll(async () => {
    const clip = join(clips, 'real.mp4');
    await placeClip(clip);
    const short = join(clips, 'short.mp4');
    await ffmpegTool('-i', clip, '-t', '14', '-c', 'copy', short);
    asset = await scenario.ready(short);
    await scenario.idle(asset.id);
  });

  test('has the rungs that its height allows, and none above', () => {
    expect(filmOf(asset).video?.renditions.map(({ name }) => name)).toEqual(['240p', '360p', '480p']);
  });

  test('lies on one grid in every rendition, chunk by chunk', () => expectSeamless(asset));

  test('decodes to every planned frame', () => expectDecodes(asset));

  test('states what it really needs on its playlists', async () => {
    const master = parsePlaylist(await scenario.text(`assets/${asset.id}/master.m3u8`));
    if (master?.kind !== 'multivariant') throw new Error('no multivariant playlist');
    const film = filmOf(asset);
    const sound = await scenario.rendition(asset.id, 'audio');
    for (const [index, variant] of master.variants.entries()) {
      const rendition = film.video?.renditions[index];
      const { segments, initFacts } = await scenario.rendition(asset.id, rendition?.name ?? '');
      const bytes = [...segments, ...sound.segments].reduce((sum, each) => sum + each.length, 0);
      const average = (8 * bytes) / film.durationSeconds;
      expect(variant.averageBandwidthBps).toBeGreaterThan(average * 0.98);
      expect(variant.averageBandwidthBps).toBeLessThan(average * 1.02);
      expect(variant.bandwidthBps).toBeGreaterThanOrEqual(variant.averageBandwidthBps ?? 0);
      expect(variant.codecs).toEqual([initFacts?.codecs, sound.initFacts?.codecs]);
      expect([variant.width, variant.height]).toEqual([rendition?.width, rendition?.height]);
    }
  });

  test('has playlists of key frames whose ranges each decode to one picture', async () => {
    const film = filmOf(asset);
    const master = await scenario.text(`assets/${asset.id}/master.m3u8`);
    for (const { name } of film.video?.renditions ?? []) {
      expect(master).toMatch(new RegExp(`#EXT-X-I-FRAME-STREAM-INF:.*,URI="v1/${name}/iframes\\.m3u8"`));
      const playlist = await scenario.text(`assets/${asset.id}/v1/${name}/iframes.m3u8`);
      const ranges = [...playlist.matchAll(/^#EXT-X-BYTERANGE:(\d+)@(\d+)$/gm)].map(([, size, start]) => ({
        start: Number(start),
        end: Number(start) + Number(size),
      }));
      const { init, segments } = await scenario.rendition(asset.id, name);
      expect(ranges).toHaveLength(segments.length);
      for (const [index, { start, end }] of ranges.entries()) {
        const keyFrame = segments[index]?.subarray(start, end) ?? Buffer.alloc(0);
        expect(await decodedFrames({ init, segments: [keyFrame] })).toBe(1);
      }
    }
  });

  test('is read by ffprobe as one key frame a segment through the playlist of key frames', async () => {
    const playlist = join(scenario.folder, 'media', `assets/${asset.id}/v1/360p/iframes.m3u8`);
    const options = ['-allowed_extensions', 'ALL', '-protocol_whitelist', 'file'];
    expect(await countFrames(playlist, ...options)).toBe(segmentCount(filmOf(asset)));
  });

  test('has a poster and a storyboard that names sheets which exist', async () => {
    const files = await scenario.files(asset.id);
    expect(files).toContain('poster.jpg');
    const board = await scenario.text(`assets/${asset.id}/storyboard.vtt`);
    const sheets = new Set([...board.matchAll(/^(v1\/storyboard\/sheet-\d+\.jpg)#xywh=/gm)].map((match) => match[1]));
    expect(sheets.size).toBeGreaterThan(0);
    for (const sheet of sheets) expect(files).toContain(sheet);
  });

  test('knows the digest of its source', async () => {
    const found = await scenario.assets.find(asset.id);
    expect(found?.sourceSha256).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('shapes of film', () => {
  test('29.97 frames a second stay exactly that', async () => {
    const clip = await make('2997.mp4', ...PICTURE('320x180', '30000/1001', 9), ...SOUND(9), ...FAST);
    const asset = await scenario.ready(clip);
    expect(filmOf(asset).video).toMatchObject({ frameRate: { num: 30_000, den: 1_001 }, framesPerSegment: 120 });
    await expectSeamless(asset);
    await expectDecodes(asset);
  });

  test('a variable frame rate becomes a constant one over the same time', async () => {
    const drop = "select='not(between(mod(n,7),3,4))'";
    const clip = await make('vfr.mkv', ...PICTURE('320x180', '30', 9), '-vf', drop, '-fps_mode', 'vfr', ...FAST);
    const asset = await scenario.ready(clip);
    expect(filmOf(asset).durationSeconds).toBeCloseTo(9, 0);
    await expectSeamless(asset);
    await expectDecodes(asset);
  });

  test('a film turned on its side is shown upright', async () => {
    const flat = await make('flat.mp4', ...PICTURE('320x180', '25', 5), ...FAST);
    const asset = await scenario.ready(
      await make('turned.mp4', '-display_rotation', '90', '-i', flat, '-c', 'copy').catch(
        // Before ffmpeg 6 the turn is a tag of the output.
        () => make('turned.mp4', '-i', flat, '-c', 'copy', '-metadata:s:v', 'rotate=90'),
      ),
    );
    expect(filmOf(asset).video?.renditions.map(({ width, height }) => [width, height])).toEqual([[180, 320]]);
    await expectDecodes(asset);
  });

  test('oblong pixels become square ones', async () => {
    const clip = await make('oblong.mp4', ...PICTURE('360x288', '25', 5), '-vf', 'setsar=16/11', ...FAST);
    const asset = await scenario.ready(clip);
    const sizes = filmOf(asset).video?.renditions.map(({ width, height }) => [width, height]);
    expect(sizes?.at(-1)).toEqual([524, 288]);
    await expectDecodes(asset);
  });

  test('odd sizes lose one line, never gain one', async () => {
    const clip = await make('odd.mkv', ...PICTURE('321x243', '25', 5), '-c:v', 'ffv1', '-pix_fmt', 'yuv444p');
    const asset = await scenario.ready(clip);
    expect(filmOf(asset).video?.renditions.map(({ width, height }) => [width, height])).toEqual([[320, 242]]);
    await expectDecodes(asset);
  });

  test('sound alone is a film too', async () => {
    const asset = await scenario.ready(await make('sound.mp3', ...SOUND(9), '-c:a', 'libmp3lame'));
    expect(filmOf(asset).video).toBeUndefined();
    await expectSeamless(asset);
    await expectDecodes(asset);
    const master = parsePlaylist(await scenario.text(`assets/${asset.id}/master.m3u8`));
    expect(master).toMatchObject({ kind: 'multivariant', variants: [{ codecs: ['mp4a.40.2'] }] });
  });

  test('pictures alone are a film too', async () => {
    const asset = await scenario.ready(await make('mute.mp4', ...PICTURE('320x180', '25', 5), ...FAST));
    expect(filmOf(asset).audio).toBeUndefined();
    await expectSeamless(asset);
  });

  test('a picture that starts after its sound keeps its place beside it', async () => {
    const late = ['-itsoffset', '2', ...PICTURE('320x180', '25', 5), ...SOUND(7), ...FAST];
    const asset = await scenario.ready(await make('late.mkv', ...late));
    expect(filmOf(asset).durationSeconds).toBeCloseTo(7, 0);
    await expectSeamless(asset);
    await expectDecodes(asset);
  });

  test('a transport stream, whose clock starts anywhere, starts at 0', async () => {
    const clip = await make('clock.ts', ...PICTURE('320x180', '25', 9), ...SOUND(9, 48_000), ...FAST, '-muxdelay', '3');
    const asset = await scenario.ready(clip);
    expect(filmOf(asset).durationSeconds).toBeCloseTo(9, 0);
    await expectSeamless(asset);
    await expectDecodes(asset);
  });

  test('sound that outlasts the picture keeps the last picture standing', async () => {
    const asset = await scenario.ready(
      await make('long-sound.mp4', ...PICTURE('320x180', '25', 5), ...SOUND(13), ...FAST),
    );
    expect(filmOf(asset).durationSeconds).toBeCloseTo(13, 0);
    await expectSeamless(asset);
    await expectDecodes(asset);
  });

  test('a picture that outlasts the sound plays on in silence', async () => {
    const asset = await scenario.ready(
      await make('short-sound.mp4', ...PICTURE('320x180', '25', 17), ...SOUND(2), ...FAST),
    );
    const film = filmOf(asset);
    expect((film.audio?.frameCount ?? 0) * AAC_FRAME).toBeGreaterThan(16.9 * 48_000);
    await expectSeamless(asset);
  });

  test('a film that is shorter than its container says ends with its last picture', async () => {
    const whole = await make('whole.mkv', ...PICTURE('320x180', '25', 17), ...SOUND(17), '-g', '50', ...FAST);
    const bytes = await readFile(whole);
    const cut = join(clips, 'cut.mkv');
    await writeFile(cut, bytes.subarray(0, Math.floor(bytes.length * 0.55)));
    const asset = await scenario.ready(cut);
    const film = filmOf(asset);
    expect(film.durationSeconds).toBeGreaterThan(5);
    expect(film.durationSeconds).toBeLessThan(12);
    expect(asset.segmentsDone).toBe(asset.segmentsTotal);
    await expectSeamless(asset);
    const playlist = parsePlaylist(await scenario.text(`assets/${asset.id}/v1/180p/index.m3u8`));
    const seconds = playlist?.kind === 'media' ? playlist.segments.map(({ durationSeconds }) => durationSeconds) : [];
    expect(seconds.reduce((sum, each) => sum + each, 0)).toBeCloseTo(film.durationSeconds, 3);
  });

  test('a hole in a film is filled and moves nothing', async () => {
    const whole = await make('to-hole.mkv', ...PICTURE('320x180', '25', 17), ...SOUND(17), '-g', '50', ...FAST);
    const holed = await make('hole.mkv', '-i', whole, '-c', 'copy', '-bsf:v', "noise=drop='between(n,100,260)'");
    const asset = await scenario.ready(holed);
    expect(filmOf(asset).video?.frameCount).toBeGreaterThanOrEqual(424);
    await expectSeamless(asset);
    await expectDecodes(asset);
  });
});

test('audio frames and video frames of one film agree on every segment border to half an AAC frame', async () => {
  const asset = await scenario.ready(
    await make('borders.mp4', ...PICTURE('128x96', '30000/1001', 13), ...SOUND(13), ...FAST),
  );
  const film = filmOf(asset);
  const { video } = film;
  if (!video) throw new Error('no video');
  for (let index = 0; index < segmentCount(film); index += 1) {
    const picture = (index * video.framesPerSegment * frameTicks(video)) / video.timescale;
    const sound = (audioFrameAt(film, index) * AAC_FRAME) / 48_000;
    expect(Math.abs(picture - sound)).toBeLessThanOrEqual(AAC_FRAME / 48_000 / 2 + 1e-9);
  }
});

describe('the poster', () => {
  /** The mean brightness of a picture, 0 to 255. */
  async function brightness(key: string): Promise<number> {
    const raw = join(clips, 'one.gray');
    const picture = join(scenario.folder, 'media', key);
    await ffmpegTool('-i', picture, '-vf', 'scale=1:1:flags=area,format=gray', '-f', 'rawvideo', raw);
    return (await readFile(raw))[0] ?? 0;
  }

  test('is not taken from the dark that a film opens with', async () => {
    const dark = ['-f', 'lavfi', '-i', 'color=black:size=128x96:rate=25:duration=3'];
    const light = ['-f', 'lavfi', '-i', 'color=white:size=128x96:rate=25:duration=3'];
    const joined = ['-filter_complex', '[0:v][1:v]concat=n=2:v=1[v]', '-map', '[v]', '-g', '25', ...FAST];
    const asset = await scenario.ready(await make('opens-dark.mp4', ...dark, ...light, ...joined));
    await scenario.idle(asset.id);
    expect(await brightness(`assets/${asset.id}/poster.jpg`)).toBeGreaterThan(200);
  });

  test('of a film that is all dark is dark, and there', async () => {
    const dark = ['-f', 'lavfi', '-i', 'color=black:size=128x96:rate=25:duration=2'];
    const asset = await scenario.ready(await make('dark.mp4', ...dark, ...FAST));
    await scenario.idle(asset.id);
    expect(await brightness(`assets/${asset.id}/poster.jpg`)).toBeLessThan(20);
  });
});
