import { describe, expect, test } from 'vitest';
import { isNewEnough, parseFfmpegVersion } from './programs.js';
import { countTests, needsBrowser } from './test-run.js';

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

describe('when the tests need a browser', () => {
  test.each([
    [[], true],
    [['--project', 'unit'], false],
    [['--project=unit', '--project', 'golden'], false],
    [['--project', 'unit', '--project', 'browser'], true],
    [['--project=!unit'], true],
    [['src/kernel'], true],
  ])('%j: %s', (args, needed) => {
    expect(needsBrowser(args)).toBe(needed);
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
