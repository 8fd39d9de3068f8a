import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sourcePrefix } from '../../src/kernel/film/paths.ts';
import { generateClip } from '../harness/clip.ts';
import { joinParts, type Part } from '../harness/joined-clip.ts';
import { ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';
import { expectWholeFilm } from '../harness/whole-film.ts';

const LADDER = {
  name: 'joined',
  codec: 'h264',
  preset: 'ultrafast',
  rungs: [{ height: 36, crf: 28, maxrateBps: 200_000 }],
  audio: { codec: 'aac', bitrateBps: 96_000, sampleRate: 48_000, channels: 2 },
};

let folder: string;
let scenario: TranscodeScenario;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-joined-'));
  await writeFile(join(folder, 'ladder.json'), JSON.stringify(LADDER));
  scenario = await TranscodeScenario.open({ ladder: join(folder, 'ladder.json'), chunkAttempts: 1 });
});

afterAll(async () => {
  await scenario.close();
  await rm(folder, { recursive: true, force: true });
});

async function cutFilm(name: string, seconds = 12): Promise<{ cut: string; joined: string }> {
  const [plain, cut, joined] = ['plain.mp4', 'cut.ts', `${name}.ts`].map((file) => join(folder, file));
  if (!plain || !cut || !joined) throw new Error('no names');
  await generateClip(plain, { seconds, size: '64x36', rate: '25' });
  await ffmpegTool('-i', plain, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-c:a', 'copy', cut);
  return { cut, joined };
}

/** Twelve seconds in two halves, of which the second begins the clock anew. */
async function joinedFilm(name: string, second: Partial<Part> = {}, first: Partial<Part> = {}): Promise<string> {
  const { cut, joined } = await cutFilm(name);
  await joinParts(cut, joined, [
    { fromSeconds: 0, clockSeconds: 0, ...first },
    { fromSeconds: 6, clockSeconds: 0, ...second },
  ]);
  return joined;
}

test('a joined film keeps its source as it was sent and nothing else, whatever a killed worker had begun', async () => {
  const begun = join(scenario.settings.data, 'straightening', 'half');
  await mkdir(join(begun, '..'), { recursive: true });
  await writeFile(begun, 'half of a copy');
  await scenario.start();
  const asset = await scenario.ready(await joinedFilm('plain'));
  expect(asset.film?.durationSeconds).toBeCloseTo(12, 1);
  await expectWholeFilm(scenario, asset);
  await scenario.stop();
  expect(await keysBelow(sourcePrefix(asset.id))).toEqual([`${sourcePrefix(asset.id)}original`]);
  expect(await readdir(join(scenario.settings.data, 'straightening'))).toEqual([]);
});

describe('a joined film', () => {
  beforeAll(() => scenario.restart());

  const unlike: Readonly<Record<string, [second: Partial<Part>, first?: Partial<Part>]>> = {
    'its pictures are coded in another way': [{ options: ['-c:v', 'mpeg2video'] }],
    'its sound is coded in another way': [{ options: ['-c:a', 'ac3'] }],
    'it has pictures and the first has none': [{}, { streams: ['0:a'] }],
    'it has sound and the first has none': [{}, { streams: ['0:v'] }],
  };
  test.each(Object.entries(unlike))('is refused with a word on the later part where %s', async (name, parts) => {
    const { code, says } = await scenario.refusal(await joinedFilm(name.replaceAll(' ', '-'), ...parts));
    expect(code).toBe('SOURCE_PARTS_DIFFER');
    expect(says).toContain(name.includes('pictures') ? 'pictures' : 'sound');
  });

  test('is as long as all of it where a later part has sound alone, and shows the last picture there', async () => {
    const asset = await scenario.ready(await joinedFilm('no-picture', { streams: ['0:a'] }));
    expect(asset.film?.durationSeconds).toBeCloseTo(12, 0);
    await expectWholeFilm(scenario, asset);
  });

  test('is as long as all of it where a later part has pictures alone', async () => {
    const asset = await scenario.ready(await joinedFilm('no-sound', { streams: ['0:v'] }));
    expect(asset.film?.durationSeconds).toBeCloseTo(12, 1);
    await expectWholeFilm(scenario, asset);
  });

  test('notes a further track of sound that its first part does not have', async () => {
    const further = { streams: ['0:v', '0:a', '0:a'], options: ['-metadata:s:a:1', 'language=fra'] };
    const asset = await scenario.ready(await joinedFilm('further-sound', further));
    expect(asset.film?.leftOut).toEqual([{ kind: 'audio', why: 'later', language: 'fr' }]);
    expect(asset.film?.audio?.renditions.map(({ name }) => name)).toEqual(['audio']);
  });

  test('is read as one whose tracks have other numbers where only that changes, and the clock goes on', async () => {
    const second = { clockSeconds: 6, options: ['-mpegts_start_pid', '0x200'] };
    const asset = await scenario.ready(await joinedFilm('clock-goes-on', second));
    expect(asset.film?.durationSeconds).toBeCloseTo(12, 1);
    await expectWholeFilm(scenario, asset);
  });

  test('shows pictures of another shape whole, with black beside them', async () => {
    const narrower = ['-c:v', 'libx264', '-vf', 'crop=48:36'];
    const { id } = await scenario.ready(await joinedFilm('narrower', { options: narrower }));
    const { init, segments } = await scenario.rendition(id, '36p');
    const [first, last] = [segments[0], segments.at(-1)];
    if (!first || !last) throw new Error('no segments');
    expect(await columnsOf(Buffer.concat([init, first]))).toEqual({ left: 'lit', middle: 'lit', right: 'lit' });
    expect(await columnsOf(Buffer.concat([init, last]))).toEqual({ left: 'black', middle: 'lit', right: 'black' });
  });
});

/** Whether anything is to be seen in three columns of a film's first picture. */
async function columnsOf(film: Buffer): Promise<Record<'left' | 'middle' | 'right', 'black' | 'lit'>> {
  const [file, raw] = [join(folder, 'columns.mp4'), join(folder, 'columns.raw')];
  await writeFile(file, film);
  await ffmpegTool('-i', file, '-frames:v', '1', '-vf', 'scale=8:1:flags=area,format=gray', '-f', 'rawvideo', raw);
  const pixels = await readFile(raw);
  const seen = (at: number) => ((pixels[at] ?? 0) > 24 ? 'lit' : 'black');
  return { left: seen(0), middle: seen(4), right: seen(7) };
}

async function keysBelow(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of scenario.store.list(prefix)) keys.push(key);
  return keys;
}
