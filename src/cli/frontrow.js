#!/usr/bin/env node
/**
 * Starts the command line on a Node that can run it. Plain JavaScript for any Node from 20 on: where the machine's own
 * is too old, the pinned one that npm installed beside Frontrow takes over with the same terminal, arguments and signals.
 */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The first Node that strips types without a flag. */
const OLDEST = [22, 18];

const here = dirname(fileURLToPath(import.meta.url));

function isNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** The binary of the npm package `node`, when it is installed and is not the one running already. */
function pinnedNode() {
  try {
    const folder = dirname(module.createRequire(import.meta.url).resolve('node/package.json'));
    const file = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(file) && realpathSync(file) !== realpathSync(process.execPath) ? file : undefined;
  } catch {
    return undefined; // not installed
  }
}

function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // At a terminal Ctrl-C reaches the child by itself; passing it on would count as the second, impatient one.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`frontrow: ${node} does not start: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('close', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

/**
 * What was stripped and compiled at one start is used at the next. Kept beside the packages and not in the system's
 * folder for temporary files, where others could put code of theirs in our place. Without write access nothing is kept.
 */
function keepCompiled() {
  module.enableCompileCache?.(join(here, '..', '..', 'node_modules', '.cache', 'frontrow'));
}

async function begin() {
  if (isNewEnough()) {
    keepCompiled();
    // From a checkout the sources run as they are; an installed package brings them compiled.
    const source = join(here, 'main.ts');
    const { main } = await import(existsSync(source) ? './main.ts' : '../../dist/cli/main.js');
    process.exitCode = await main(process.argv.slice(2));
    return;
  }
  const node = pinnedNode();
  if (node) return handOver(node);
  // A checkout pins a Node; an installed package leaves that to whoever installs it.
  const orElse = existsSync(join(here, 'main.ts'))
    ? ', or run `npm rebuild node --ignore-scripts=false` to fetch the pinned one.'
    : '. Programs can import frontrow and frontrow/sign on this one.';
  console.error(
    `frontrow: Node ${OLDEST.join('.')} or newer is needed, this is ${process.versions.node}. Install a newer Node${orElse}`,
  );
  process.exitCode = 1;
}

await begin();
