import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Asset } from '../../src/database/assets.ts';
import { ffmpegTool, TranscodeScenario } from '../harness/transcode-scenario.ts';

let scenario: TranscodeScenario;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-content-'));
  scenario = await TranscodeScenario.open({ ladderByContent: true });
  await scenario.start();
});

afterAll(async () => {
  await scenario.close();
  await rm(folder, { recursive: true, force: true });
});

/** The rungs that a clip of a drawn picture is planned with, once it is in `status`. */
async function rungsOf(name: string, picture: string, status: 'queued' | 'ready'): Promise<string[]> {
  const clip = join(folder, `${name}.mp4`);
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-pix_fmt', 'yuv444p'];
  await ffmpegTool('-f', 'lavfi', '-i', picture, ...encode, clip);
  const wanted = (asset: Asset) => asset.film !== undefined && (status === 'queued' || asset.status === status);
  const { film } = await scenario.until(await scenario.ingest(clip), wanted);
  return (film?.video?.renditions ?? []).map((rung) => `${rung.name} ${rung.crf} ${rung.maxrateBps}`);
}

test('a screen with little on it has the ends of the ladder only, and a lower cap', async () => {
  const lines = 'color=c=white:size=854x480:rate=24:duration=4,drawgrid=w=80:h=40:c=gray';
  const rungs = await rungsOf('screen', `${lines},drawbox=x='mod(t*60,700)':y=200:w=60:h=60:c=blue:t=fill`, 'ready');
  expect(rungs).toEqual(['240p 25 400000', '480p 29 700000']);
});

test('a film full of noise keeps every rung as the ladder says', async () => {
  const rungs = await rungsOf('noise', 'testsrc2=size=854x480:rate=24:duration=2,noise=alls=40:allf=t', 'queued');
  expect(rungs).toEqual(['240p 25 400000', '360p 24 800000', '480p 23 1400000']);
});
