import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ProcessLimits, runFfmpeg } from '../../src/ffmpeg/ffmpeg.ts';
import { generateClip } from '../harness/clip.ts';
import { stopEncoderBelow } from '../harness/encoders.ts';
import { TranscodeScenario } from '../harness/transcode-scenario.ts';

let folder: string;
let clip: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-limits-'));
  clip = join(folder, 'clip.mp4');
  await generateClip(clip, { seconds: 10, size: '256x144', rate: '25' });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function limits(more: Partial<ProcessLimits>): ProcessLimits {
  return {
    niceness: 0,
    timeoutSeconds: 60,
    maxPixels: 1e9,
    memoryBytes: 4 * 1024 ** 3,
    fileBytes: 16 * 1024 ** 2,
    abort: new AbortController().signal,
    ...more,
  };
}

function run(filter: string, target: string, given: Partial<ProcessLimits>): Promise<unknown> {
  const options = ['-map', '[o]', '-c:v', 'mjpeg', '-q:v', '2', '-frames:v', '1', '-update', '1', '-f', 'image2'];
  const command = { inputOptions: ['-v', 'warning'], input: clip, filter: `[0:v]${filter}[o]`, outputs: [] };
  return runFfmpeg({ ...command, outputs: [{ options, target }] }, limits(given));
}

describe('an encoder that passes a limit is ended, and the code says which', () => {
  test('memory', async () => {
    // One picture of 12,000 by 12,000 in 32 bits a colour takes 1.7 GB.
    const swollen = run('scale=12000:12000,format=gbrpf32le,format=yuvj420p', join(folder, 'swollen.jpg'), {
      memoryBytes: 1024 ** 3,
    });
    await expect(swollen).rejects.toMatchObject({ code: 'ENCODE_MEMORY' });
  });

  test('the size of a file, of which no more is on the disk', async () => {
    const file = join(folder, 'large.jpg');
    const large = run('scale=2560:1440,noise=alls=80:allf=t,format=yuvj420p', file, { fileBytes: 65_536 });
    await expect(large).rejects.toMatchObject({ code: 'ENCODE_OUTPUT' });
    expect((await readFile(file)).length).toBeLessThanOrEqual(65_536);
  });

  test('time', async () => {
    const slow = run('format=yuvj420p,realtime=speed=0.001', join(folder, 'slow.jpg'), { timeoutSeconds: 0.5 });
    await expect(slow).rejects.toMatchObject({ code: 'ENCODE_TIMEOUT' });
  });

  test('none of them: then it works', async () => {
    await run('format=yuvj420p', join(folder, 'fine.jpg'), {});
    expect((await readFile(join(folder, 'fine.jpg'))).length).toBeGreaterThan(1_000);
  });
});

describe('a worker', () => {
  test('holds its encoders within the limits of the kernel, and below everything else when memory ends', async () => {
    const scenario = await TranscodeScenario.open({ workers: 1, encodeNice: 7 });
    try {
      await scenario.start();
      const id = await scenario.ingest(clip);
      const pid = await vi.waitUntil(() => stopEncoderBelow(scenario.folder), { timeout: 30_000, interval: 2 });
      const held = await readFile(`/proc/${pid}/limits`, 'utf8');
      const soft = (name: string) => new RegExp(`^Max ${name}\\s+(\\S+)`, 'm').exec(held)?.[1];
      expect({
        memory: soft('address space'),
        core: soft('core file size'),
        files: soft('open files'),
        written: Number(soft('file size')) <= 16 * 1024 ** 2,
        oom: (await readFile(`/proc/${pid}/oom_score_adj`, 'utf8')).trim(),
      }).toEqual({ memory: '8589934592', core: '0', files: '64', written: true, oom: '500' });
      process.kill(pid, 'SIGCONT');
      await scenario.until(id, ({ status }) => status === 'ready');
    } finally {
      await scenario.close();
    }
  });

  test('lets what a film needs to play go before what it needs to be whole', async () => {
    const scenario = await TranscodeScenario.open({ workers: 1, encodeNice: 7 });
    const nextNiceness = async () => {
      const pid = await vi.waitUntil(() => stopEncoderBelow(scenario.folder), { timeout: 30_000, interval: 2 });
      const niceness = getPriority(pid);
      process.kill(pid, 'SIGCONT');
      return niceness;
    };
    try {
      await scenario.start();
      const own = getPriority();
      const id = await scenario.ingest(clip);
      expect(await nextNiceness()).toBe(own);
      await scenario.until(id, ({ status }) => status !== 'queued');
      // The last of the first chunks may still be running.
      await vi.waitUntil(async () => (await nextNiceness()) === own + 7, { timeout: 20_000, interval: 20 });
    } finally {
      await scenario.close();
    }
  });

  test('gives up on a film whose chunk never ends, says so, and leaves no half segment', async () => {
    const scenario = await TranscodeScenario.open({ workers: 1, chunkTimeoutSeconds: 5, chunkAttempts: 1 });
    try {
      await scenario.start();
      const id = await scenario.ingest(clip);
      await scenario.until(id, ({ segmentsDone }) => segmentsDone > 0);
      // Whatever comes next stands still, as an encoder does that runs in circles.
      const standing = setInterval(() => void stopEncoderBelow(scenario.folder), 20);
      try {
        const given = await vi.waitUntil(async () => (await scenario.assets.find(id))?.error, { timeout: 60_000 });
        expect(given).toEqual({
          code: 'ENCODE_TIMEOUT',
          says: 'A part of this film takes an encoder longer than this server allows.',
        });
      } finally {
        clearInterval(standing);
      }
      await vi.waitFor(async () => expect(await scenario.files(id)).toEqual([]), { timeout: 10_000 });
    } finally {
      await scenario.close();
    }
  });

  test('stops an encoder that writes without end, and holds none of it', async () => {
    vi.stubEnv('FFMPEG_PATH', await floodingFfmpeg());
    const scenario = await TranscodeScenario.open({ workers: 1, chunkAttempts: 1 });
    try {
      await scenario.start();
      const { code, id } = await scenario.refusal(clip);
      expect(code).toBe('ENCODE_OUTPUT');
      await vi.waitFor(async () => expect(await scenario.files(id)).toEqual([]), { timeout: 10_000 });
    } finally {
      vi.unstubAllEnvs();
      await scenario.close();
    }
  });
});

/** A program in ffmpeg's place whose first box claims 256 MiB, and whose bytes go on and on. */
async function floodingFfmpeg(): Promise<string> {
  const flood = [
    'my $out = IO::Socket::UNIX->new(Peer => substr($ARGV[0], 5)) or die;',
    '$SIG{PIPE} = "DEFAULT"; print $out "\\x10\\0\\0\\0mdat"; print $out "\\0" x 65536 while 1;',
  ];
  const script = [
    '#!/bin/sh',
    'for last; do :; done',
    'case "$last" in',
    `unix:*) exec perl -MIO::Socket::UNIX -e '${flood.join(' ')}' "$last" ;;`,
    '*) exec ffmpeg "$@" ;;',
    'esac',
  ];
  const file = join(folder, 'flooding');
  await writeFile(file, script.join('\n'), { mode: 0o755 });
  return file;
}

test('nothing of these tests stays in the temporary folder', async () => {
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith(`frontrow-${process.pid}-`));
  expect(left).toEqual([]);
});
