import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { checkFfmpeg, commandArguments, guardedInput, lastWords } from './ffmpeg.ts';

describe('last words', () => {
  test('are one line without a path of this machine or an address of memory', () => {
    const said = [
      'ffmpeg exited with code 1',
      '[mov,mp4 @ 0x55d5aabbcc] moov atom not found',
      'file:/data/sources/as_x/original: Invalid data',
      'unix:/tmp/frontrow-x/0: Broken pipe, see "/usr/share/doc"',
    ].join('\n');
    const words = lastWords(said, '/data/sources/as_x/original');
    expect(words).toBe('[mov,mp4] moov atom not found; the source: Invalid data; the output Broken pipe, see "…"');
  });

  test('are bounded', () => expect(lastWords('x'.repeat(5_000), '/a').length).toBeLessThanOrEqual(400));
});

test('every input names the protocols and containers that may be opened', () => {
  for (const container of [undefined, 'mov', 'matroska']) {
    const guard = guardedInput(container);
    expect(guard[guard.indexOf('-protocol_whitelist') + 1]).toBe('file');
    expect(guard[guard.indexOf('-format_whitelist') + 1]?.split(',')).not.toContain('hls');
  }
  expect(guardedInput('mov')).toContain('-enable_drefs');
});

test('a path with a blank stays one argument', () => {
  const options = ['-a', 'b c'];
  const command = { inputOptions: options, input: '/a b', filter: 'null', outputs: [{ options, target: '/c d' }] };
  expect(commandArguments(command)).toEqual([
    '-a',
    'b c',
    '-i',
    'file:/a b',
    '-y',
    '-filter_complex',
    'null',
    '-a',
    'b c',
    '/c d',
  ]);
});

describe('programs that are not good enough', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('a missing one is named, with what to do', async () => {
    vi.stubEnv('FFMPEG_PATH', '/nowhere/ffmpeg');
    await expect(checkFfmpeg()).rejects.toMatchObject({
      code: 'FFMPEG_MISSING',
      message: 'ffmpeg could not be started: install ffmpeg 5.1 or newer.',
    });
  });

  test('an old one is named, with its version', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'frontrow-old-'));
    try {
      const old = join(folder, 'ffprobe');
      await writeFile(old, '#!/bin/sh\necho "ffprobe version 4.4.2-0ubuntu0.22.04.1 Copyright"\n');
      await chmod(old, 0o755);
      vi.stubEnv('FFPROBE_PATH', old);
      await expect(checkFfmpeg()).rejects.toMatchObject({
        code: 'FFMPEG_MISSING',
        message: 'ffprobe is version 4.4: install 5.1 or newer.',
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
