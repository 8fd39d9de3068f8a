import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findPostgres, identify, isNewEnough, parseFfmpegVersion } from './programs.js';
import { countTests, reaches } from './test-run.js';

describe('which ffmpeg will do', () => {
  test.each([
    ['ffmpeg version 5.1.6-0+deb12u1 Copyright (c) 2000-2024', true],
    ['ffprobe version n7.1 Copyright (c) 2007-2024', true],
    ['ffmpeg version 10.0 Copyright (c) 2000-2030', true],
    ['ffmpeg version N-117599-g3d5b3d4a1d', true],
    ['ffmpeg version 2026-01-05-git-2c4f6a3', true],
    ['ffmpeg version 5.0.3', false],
    ['ffmpeg version 4.4.2-0ubuntu0.22.04.1', false],
    ['bash: ffmpeg: command not found', false],
  ])('%s: %s', (firstLine, willDo) => {
    expect(isNewEnough(parseFfmpegVersion(firstLine))).toBe(willDo);
  });
});

test('a program is asked again when it is another file under the same name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frontrow-programs-'));
  vi.stubEnv('PATH', folder);
  try {
    expect(identify(['ffmpeg'])).toBe('ffmpeg is missing');
    writeFileSync(join(folder, 'ffmpeg'), 'one', { mode: 0o755 });
    const before = identify(['ffmpeg']);
    expect(identify(['ffmpeg'])).toBe(before);
    writeFileSync(join(folder, 'newer'), 'two', { mode: 0o755 });
    renameSync(join(folder, 'newer'), join(folder, 'ffmpeg'));
    expect(identify(['ffmpeg'])).not.toBe(before);
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  }
});

describe('when the tests need a browser', () => {
  test.each([
    [[], true],
    [['--project', 'unit'], false],
    [['--project=unit', '--project', 'golden'], false],
    [['--project', 'unit', '--project', 'browser'], true],
    [['--project=!unit'], true],
    [['src/kernel'], true],
  ])('%j: %s', (args, needed) => {
    expect(reaches(args, ['browser'])).toBe(needed);
  });
});

test('a server of any ring that needs one is installed for it alone', () => {
  expect(reaches(['--project', 'fault'], ['contract', 'fault'])).toBe(true);
  expect(reaches(['--project', 'unit'], ['contract', 'fault'])).toBe(false);
});

describe('which PostgreSQL is used', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'frontrow-postgres-'));
    vi.stubEnv('PATH', folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  const install = (version: string, ...programs: string[]) => {
    mkdirSync(join(folder, version, 'bin'), { recursive: true });
    for (const program of programs) writeFileSync(join(folder, version, 'bin', program), '', { mode: 0o755 });
  };

  test('none where only the client is', () => {
    install('15', 'psql');
    expect(findPostgres(folder)).toBeUndefined();
    expect(findPostgres(join(folder, 'absent'))).toBeUndefined();
  });

  test('the newest of several, by number', () => {
    install('9', 'initdb', 'postgres');
    install('15', 'initdb', 'postgres');
    install('16', 'initdb');
    expect(findPostgres(folder)).toBe(join(folder, '15', 'bin'));
  });
});

describe('the count at the end of a test run', () => {
  const file = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((status) => ({ status })),
  });

  test('adds up every file and keeps what was not run apart', () => {
    const report = { testResults: [file('passed', 'passed', 'skipped'), file('failed', 'passed', 'failed', 'todo')] };
    expect(countTests(report)).toEqual({ passed: 2, failed: 1, skipped: 2 });
  });

  test('takes a file that broke before its first test for a failure', () => {
    expect(countTests({ testResults: [file('failed'), file('passed', 'passed')] })).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });
});
