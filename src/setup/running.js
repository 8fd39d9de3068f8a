/** What the steps of the set-up share: where things are, running other programs, and one calm line a step. */
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const MODULES = join(ROOT, 'node_modules');
export const BIN = join(MODULES, '.bin');
export const LOCK = join(ROOT, 'package-lock.json');

/** Something the person at the keyboard has to do; said in one or two sentences, without a stack. */
export class Obstacle extends Error {}

/** What children see: the pinned Node first, then the packages' own commands, as npm scripts have it. */
export function environment(node, more = {}) {
  return { ...process.env, PATH: [dirname(node), BIN, process.env.PATH].join(delimiter), ...more };
}

/** Runs a command to its end with its output kept, in plain text. `code` is 127 when it could not be started. */
export function runQuietly(command, env = process.env) {
  const [file, ...args] = command;
  return new Promise((resolve) => {
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(file, args, { cwd: ROOT, stdio, env: { ...env, NO_COLOR: '1' } });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

/** Hands the terminal to a command and resolves to its exit code. Signals for us are signals for it. */
export function runAttached(command, env) {
  const [file, ...args] = command;
  const child = spawn(file, args, { cwd: ROOT, stdio: 'inherit', env });
  // At a terminal Ctrl-C reaches the child already; passing it on would count as the second, impatient one.
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + (osConstants.signals[signal] ?? 0)));
  });
}

/** One line a step: its name, a dot every two seconds, then what came of it. Resolves to what `work` did. */
export async function step(name, work) {
  process.stdout.write(`${name} .`);
  const startedMs = Date.now();
  const dots = setInterval(() => process.stdout.write('.'), 2_000);
  try {
    const done = await work();
    process.stdout.write(` done in ${((Date.now() - startedMs) / 1_000).toFixed(1)} s\n`);
    return done;
  } catch (cause) {
    process.stdout.write(' failed\n');
    throw cause;
  } finally {
    clearInterval(dots);
  }
}

/** The path of a command, looked up as a shell would, or undefined. */
export function which(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder || '.', name);
    if (isRunnable(file)) return file;
  }
  return undefined;
}

export function isRunnable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // absent or not ours to run: both mean "look elsewhere"
  }
}

export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
