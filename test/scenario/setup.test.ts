import { type SpawnOptionsWithoutStdio, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));

let folder: string;
/** The only folder of programs that the set-up can see. */
let programs: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frontrow-setup-'));
  programs = join(folder, 'programs');
  mkdirSync(programs);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string): void {
  const file = join(programs, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

function run(args: string[], options: SpawnOptionsWithoutStdio = {}) {
  const child = spawn(process.execPath, args, options);
  let output = '';
  let heard: (() => void) | undefined;
  const listen = (chunk: Buffer) => {
    output += chunk;
    heard?.();
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, output }));
  });
  const says = async (text: string) => {
    while (!output.includes(text)) await new Promise<void>((resolve) => (heard = resolve));
  };
  return { child, ended, says };
}

function setUp(command: string) {
  // Without npm's own address it could not reinstall the packages of the very tests that are running.
  const { npm_execpath: _, ...rest } = process.env;
  return run([join(SOURCE, 'setup.js'), command], { env: { ...rest, PATH: programs } }).ended;
}

describe('a machine without ffmpeg', () => {
  test('is told the exact command of each system when it has no package manager that is known', async () => {
    const { code, output } = await setUp('start');
    expect(code).toBe(1);
    expect(output).toContain('sudo apt-get update && sudo apt-get install -y --no-install-recommends ffmpeg');
    expect(output).toContain('sudo dnf install -y ffmpeg-free');
    expect(output).toContain('brew install ffmpeg');
  });

  test('is told the command of its own system only', async () => {
    program('brew', 'exit 0');
    const { code, output } = await setUp('start');
    expect(code).toBe(1);
    expect(output).toContain('Run:  brew install ffmpeg');
    expect(output).not.toContain('dnf');
  });

  test('with an ffmpeg that is too old is told so', async () => {
    program('ffmpeg', 'echo "ffmpeg version 4.4.2-0ubuntu0.22.04.1"');
    const { code, output } = await setUp('start');
    expect(code).toBe(1);
    expect(output).toContain('ffmpeg is older than 5.1 (ffmpeg version 4.4.2-0ubuntu0.22.04.1)');
  });

  test('gets it from apt-get unasked, and sees why when that fails', async () => {
    symlinkSync('/usr/bin/env', join(programs, 'env'));
    program('sudo', 'while [ "$1" = "-n" ]; do shift; done; [ "$1" = true ] || exec "$@"');
    program('apt-get', `echo "$DEBIAN_FRONTEND $@" >> "${folder}/asked"; echo "E: no such package"; exit 100`);
    const { code, output } = await setUp('start');
    expect(code).toBe(1);
    expect(output).toContain('apt-get could not install ffmpeg');
    expect(output).toContain('E: no such package');
    const asked = readFileSync(join(folder, 'asked'), 'utf8');
    expect(asked).toContain('noninteractive -y -q install --no-install-recommends ffmpeg');
    expect(asked).toContain('noninteractive -y -q update');
  });
});

describe('the server that set-up starts', () => {
  test('hears a signal sent to the set-up, and its exit code becomes that of the set-up', async () => {
    const server = join(folder, 'server.js');
    writeFileSync(
      server,
      "process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1e6); console.log('up');",
    );
    const starter = join(folder, 'starter.mjs');
    writeFileSync(
      starter,
      `import { runAttached } from ${JSON.stringify(join(SOURCE, 'setup/running.js'))};
       process.exitCode = await runAttached([process.execPath, ${JSON.stringify(server)}], process.env);`,
    );
    const { child, ended, says } = run([starter]);
    await says('up');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(7);
  });
});
