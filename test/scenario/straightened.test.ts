import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sourcePrefix } from '../../src/kernel/film/paths.ts';
import { generateClip } from '../harness/clip.ts';
import { joinRendition, readSamples, risingTone } from '../harness/counted-clip.ts';
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

  test('is refused where the sound of a later Flash video has another rate', async () => {
    const { cut } = await cutFilm('flash');
    const joined = join(folder, 'rates.flv');
    const second = { fromSeconds: 6, clockSeconds: 0, options: ['-c:a', 'aac', '-ar', '22050'] };
    await joinParts(cut, joined, [
      { fromSeconds: 0, clockSeconds: 0, options: ['-c:a', 'aac', '-ar', '44100'] },
      second,
    ]);
    const { code, says } = await scenario.refusal(joined);
    expect(code).toBe('SOURCE_PARTS_DIFFER');
    expect(says).toContain('sound');
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

describe('a chain of Ogg files', () => {
  beforeAll(() => scenario.restart());

  const VORBIS = ['-c:a', 'libvorbis', '-q:a', '6'];
  const codecs: Readonly<Record<string, { options: string[]; moments: number[] }>> = {
    Vorbis: { options: VORBIS, moments: [1, 2.5, 3.8, 4.4, 5.2, 6.4, 7.1, 8, 8.7] },
    FLAC: { options: ['-c:a', 'flac'], moments: [1, 2.5, 3.8, 4.4, 5.2, 6.4, 7.1, 8, 8.7] },
    // It leads in by some milliseconds at each join, which the resampler makes up for within two seconds.
    Opus: { options: ['-c:a', 'libopus', '-b:a', '128k'], moments: [1, 2.5, 3.8, 6.5, 8.8] },
  };
  test.each(Object.entries(codecs))('of %s sounds as what it was made of', async (name, { options, moments }) => {
    const chain = join(folder, `${name}.ogg`);
    await chainOggs(chain, [options, options, options]);
    const asset = await scenario.ready(chain);
    expect(asset.film?.durationSeconds).toBeCloseTo(9, 1);
    await expectWholeFilm(scenario, asset);
    const heard = await joinRendition(await scenario.rendition(asset.id, 'audio'), join(folder, `${name}.mp4`));
    const [due = new Int16Array(), played = new Int16Array()] = await readSamples([join(folder, 'rising.wav'), heard]);
    const unlike = moments.map((seconds) => unlikeness(due, played, Math.round(seconds * 48_000)));
    expect(Math.max(...unlike), `unlike by ${unlike.join(', ')}`).toBeLessThan(0.5);
  });

  test('is refused where a later file is set up in another way, which the first one cannot go on with', async () => {
    const chain = join(folder, 'unlike.ogg');
    await chainOggs(chain, [VORBIS, ['-c:a', 'libvorbis', '-q:a', '1'], VORBIS]);
    expect((await scenario.refusal(chain)).code).toBe('SOURCE_PARTS_DIFFER');
  });
});

/** Nine seconds of a tone that rises, in three files behind one another, each by its own options. */
async function chainOggs(to: string, links: readonly (readonly string[])[]): Promise<void> {
  const [whole, link] = [join(folder, 'rising.wav'), join(folder, 'link.ogg')];
  await ffmpegTool(...risingTone('stereo', 48_000, 9), whole);
  await writeFile(to, '');
  for (const [index, [from, until]] of [[0, 4.1] as const, [4.1, 6.77] as const, [6.77, 9] as const].entries()) {
    const cut = `atrim=${from}:${until},asetpts=PTS-STARTPTS`;
    await ffmpegTool('-i', whole, '-af', cut, ...(links[index] ?? []), link);
    await appendFile(to, await readFile(link));
  }
}

/** How much two sounds differ for a moment, beside how loud it is: a tone of 450 Hz that is a third of a millisecond late differs by 1. */
function unlikeness(due: Int16Array, played: Int16Array, at: number): number {
  let [loud, differing] = [0, 0];
  for (let index = at; index < at + 2_048; index += 1) {
    loud += (due[index] ?? 0) ** 2;
    differing += ((due[index] ?? 0) - (played[index] ?? 0)) ** 2;
  }
  return Math.sqrt(differing / loud);
}

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
