import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBox } from '../../src/kernel/cmaf/boxes.ts';
import { renditionNames, segmentCount, segmentTiming } from '../../src/kernel/film/film.ts';
import { generateClip } from '../harness/clip.ts';
import { countFrames, ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

const SECONDS = 24;
const RATE = 25;

let folder: string;
let whole: Buffer;
let scenario: TranscodeScenario;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-corrupt-'));
  const clip = join(folder, 'clip.mp4');
  await generateClip(clip, { seconds: SECONDS, size: '256x144', rate: String(RATE) });
  whole = await readFile(clip);
  scenario = await TranscodeScenario.open({ chunkSegments: 2, chunkAttempts: 2 });
  await scenario.start();
});

afterAll(async () => {
  await scenario.close();
  await rm(folder, { recursive: true, force: true });
});

/** The film with a part of its media written over; its index still names every picture and sound in it. */
function damaged(fromShare: number, toShare: number, byteAt: (index: number) => number): Buffer {
  const bytes = Buffer.from(whole);
  const { bodyStart = 0, end = 0 } = findBox(bytes, ['mdat']) ?? {};
  const at = (share: number) => bodyStart + Math.floor((end - bodyStart) * share);
  for (let index = at(fromShare); index < at(toShare); index += 1) bytes[index] = byteAt(index);
  return bytes;
}

const noise = (index: number) => (index * 2_654_435_761) >>> 24;
const zero = () => 0;

/** Every segment of every rendition is on the grid, and the pictures can be decoded from the first to the last. */
async function expectWhole(bytes: Buffer, name: string): Promise<void> {
  const file = join(folder, `${name}.mp4`);
  await writeFile(file, bytes);
  const { id, film } = await scenario.ready(file);
  if (!film) throw new Error('the film is not planned');
  expect(film.video?.frameCount).toBe(SECONDS * RATE);
  for (const rendition of renditionNames(film)) {
    const { init, segments, facts } = await scenario.rendition(id, rendition);
    const planned = Array.from({ length: segmentCount(film) }, (_, index) => segmentTiming(film, rendition, index));
    expect(facts.map(({ startTicks, durationTicks }) => ({ startTicks, durationTicks }))).toEqual(
      planned.map((each) => ({ startTicks: each?.startTicks, durationTicks: each?.durationTicks })),
    );
    if (rendition === 'audio') continue;
    const played = join(folder, `${name}-${rendition}.mp4`);
    await writeFile(played, Buffer.concat([init, ...segments]));
    expect(await countFrames(played)).toBe(SECONDS * RATE);
  }
}

describe('a film that is damaged in the middle plays all the same, with every picture in its place', () => {
  test('a stretch of noise', () => expectWhole(damaged(0.4, 0.6, noise), 'noise'));

  test('a hole of zeroes', () => expectWhole(damaged(0.4, 0.6, zero), 'zeroes'));

  test('a hole of zeroes longer than a chunk', () => expectWhole(damaged(0.25, 0.75, zero), 'large'));

  test('a hole at its start', () => expectWhole(damaged(0, 0.3, zero), 'start'));

  test('a hole at its end, where the sound ends too', () => expectWhole(damaged(0.7, 1, zero), 'end'));

  test('a transport stream with a piece cut out keeps what lies around it', async () => {
    const stream = join(folder, 'whole.ts');
    await ffmpegTool('-i', join(folder, 'clip.mp4'), '-c', 'copy', stream);
    const bytes = await readFile(stream);
    const [from, to] = [0.4, 0.6].map((share) => 188 * Math.floor((bytes.length * share) / 188));
    await expectWhole(Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]), 'cut');
  });
});
