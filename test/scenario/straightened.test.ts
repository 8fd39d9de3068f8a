import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sourcePrefix } from '../../src/kernel/film/paths.ts';
import { generateClip } from '../harness/clip.ts';
import { joinParts } from '../harness/joined-clip.ts';
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

async function joinedFilm(): Promise<string> {
  const [plain, cut, joined] = ['plain.mp4', 'cut.ts', 'joined.ts'].map((name) => join(folder, name));
  if (!plain || !cut || !joined) throw new Error('no names');
  await generateClip(plain, { seconds: 12, size: '64x36', rate: '25' });
  await ffmpegTool('-i', plain, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-c:a', 'copy', cut);
  await joinParts(cut, joined, [
    { fromSeconds: 0, clockSeconds: 0 },
    { fromSeconds: 6, clockSeconds: 0 },
  ]);
  return joined;
}

test('a joined film keeps its source as it was sent and nothing else, whatever a killed worker had begun', async () => {
  const begun = join(scenario.settings.data, 'straightening', 'half');
  await mkdir(join(begun, '..'), { recursive: true });
  await writeFile(begun, 'half of a copy');
  await scenario.start();
  const asset = await scenario.ready(await joinedFilm());
  expect(asset.film?.durationSeconds).toBeCloseTo(12, 1);
  await expectWholeFilm(scenario, asset);
  await scenario.stop();
  expect(await keysBelow(sourcePrefix(asset.id))).toEqual([`${sourcePrefix(asset.id)}original`]);
  expect(await readdir(join(scenario.settings.data, 'straightening'))).toEqual([]);
});

async function keysBelow(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of scenario.store.list(prefix)) keys.push(key);
  return keys;
}
