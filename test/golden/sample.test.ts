import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const sample = JSON.parse(readFileSync(new URL('../../media/samples/sample.json', import.meta.url), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'frontrow-sample-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the sample clip comes out of ffmpeg as sample.json describes it', { timeout: 60_000 }, () => {
  const file = join(folder, sample.filename);
  const made = spawnSync('ffmpeg', ['-v', 'error', '-nostdin', ...sample.arguments, file], { encoding: 'utf8' });
  expect(made.stderr).toBe('');
  const show = 'stream=codec_name,width,height,nb_frames,channels:format=duration';
  const probe = spawnSync('ffprobe', ['-v', 'error', '-show_entries', show, '-of', 'json', file], { encoding: 'utf8' });
  const { streams, format } = JSON.parse(probe.stdout);
  expect(streams[0]).toMatchObject({
    codec_name: 'h264',
    width: sample.width,
    height: sample.height,
    nb_frames: String(sample.durationSeconds * sample.frameRate),
  });
  expect(streams[1]).toMatchObject({ codec_name: 'aac', channels: 2 });
  expect(Number(format.duration)).toBeCloseTo(sample.durationSeconds, 1);
});
