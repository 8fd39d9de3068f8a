import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import { type Film, segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { parsePlaylist } from '../../src/kernel/hls/parse.ts';
import { countFrames, ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

let folder: string;
let clip: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-codecs-'));
  clip = join(folder, 'clip.mp4');
  // Cuts between pictures, where an encoder left to itself would put key frames; a last segment of few frames.
  const cuts = "testsrc2=size=640x360:rate=30000/1001:duration=9.3,hue='h=90*floor(1.3*t)':s='1+mod(floor(1.3*t),3)'";
  const sound = ['-f', 'lavfi', '-i', 'sine=sample_rate=48000:duration=9.3'];
  await ffmpegTool('-f', 'lavfi', '-i', cuts, ...sound, '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', clip);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Encoded {
  readonly scenario: TranscodeScenario;
  readonly asset: Asset;
  readonly film: Film;
}

/** The clip by a ladder, its chunks a segment long or one for the whole film. */
async function encode(ladder: string, chunkSegments: number): Promise<Encoded> {
  const scenario = await TranscodeScenario.open({ ladder, chunkSegments });
  await scenario.start();
  const asset = await scenario.ready(clip);
  if (!asset.film) throw new Error('not planned');
  return { scenario, asset, film: asset.film };
}

const LADDERS: [string, string[]][] = [
  ['hevc', ['240p-hevc hvc1.1.6.L63.90', '360p-hevc hvc1.1.6.L63.90']],
  ['av1', ['240p-av1 av01.0.01M.08', '360p-av1 av01.0.01M.08']],
];

describe.each(LADDERS)('a film by the ladder %s', (ladder, renditions) => {
  let small: Encoded;
  let large: Encoded;

  beforeAll(async () => {
    small = await encode(ladder, 1);
    large = await encode(ladder, 20);
  });

  afterAll(async () => {
    await small?.scenario.close();
    await large?.scenario.close();
  });

  test('has its rungs under names of their own, at levels that were planned', async () => {
    const { scenario, asset, film } = small;
    expect(film.video?.renditions.map(({ name, codecs }) => `${name} ${codecs}`)).toEqual(renditions);
    const master = parsePlaylist(await scenario.text(`assets/${asset.id}/master.m3u8`));
    const listed = master?.kind === 'multivariant' ? master.variants.map(({ codecs }) => codecs[0]) : [];
    expect(listed).toEqual(film.video?.renditions.map(({ codecs }) => codecs));
  });

  test('lies on the grid in every chunk, and each segment opens on its only key frame', async () => {
    const { scenario, asset, film } = small;
    for (const { name, codecs } of film.video?.renditions ?? []) {
      const { facts, initFacts } = await scenario.rendition(asset.id, name);
      expect(initFacts?.codecs).toBe(codecs);
      const planned = Array.from({ length: segmentCount(film) }, (_, index) => segmentTiming(film, name, index));
      expect(facts.map(({ startTicks }) => startTicks)).toEqual(planned.map((each) => each?.startTicks));
      expect(facts.map(({ durationTicks }) => durationTicks)).toEqual(planned.map((each) => each?.durationTicks));
      expect(facts.every(({ startsWithSync }) => startsWithSync)).toBe(true);
    }
  });

  test('has the same init whether it was encoded in one piece or in several', async () => {
    for (const { name } of small.film.video?.renditions ?? []) {
      const one = await small.scenario.rendition(small.asset.id, name);
      const other = await large.scenario.rendition(large.asset.id, name);
      expect(one.init.equals(other.init)).toBe(true);
    }
  });

  test('decodes to every planned frame, across the borders of chunks', async () => {
    const { scenario, asset, film } = small;
    for (const { name } of film.video?.renditions ?? []) {
      const { init, segments } = await scenario.rendition(asset.id, name);
      const file = join(folder, `${name}.mp4`);
      await writeFile(file, Buffer.concat([init, ...segments]));
      expect(await countFrames(file)).toBe(film.video?.frameCount);
    }
  });
});

test('a ladder of two codecs starts with the lowest rung of the first, and lists all', async () => {
  const ladder = join(folder, 'two.json');
  const rungs = [
    { height: 180, crf: 25, maxrateBps: 200_000 },
    { height: 180, codec: 'av1', preset: 12, crf: 40, maxrateBps: 150_000 },
  ];
  const audio = { codec: 'aac', bitrateBps: 64_000, sampleRate: 48_000, channels: 1 };
  await writeFile(ladder, JSON.stringify({ name: 'two', codec: 'h264', preset: 'veryfast', rungs, audio }));
  const { scenario, asset } = await encode(ladder, 6);
  try {
    const master = await scenario.text(`assets/${asset.id}/master.m3u8`);
    expect([...master.matchAll(/^v1.*/gm)].map(([uri]) => uri)).toEqual([
      'v1/180p/index.m3u8',
      'v1/180p-av1/index.m3u8',
    ]);
    expect(master).toContain('URI="v1/180p-av1/iframes.m3u8"');
  } finally {
    await scenario.close();
  }
});
