/** The static checks: everything that can be wrong without running anything. */
import { join } from 'node:path';
import { BIN, environment, runQuietly } from './running.js';

const CHECKS = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'player types', command: ['tsc', '-p', 'player-demo'] },
  { name: 'lint and format', command: ['biome', 'check', '--error-on-warnings'] },
  { name: 'unused code', command: ['knip'] },
];

/** Runs every check, showing the output of those that fail; resolves to the failed ones' names. */
export async function runChecks(node) {
  const failed = [];
  for (const { name, command } of CHECKS) {
    const [file, ...args] = command;
    const startedMs = Date.now();
    const { code, output } = await runQuietly([join(BIN, file), ...args], environment(node));
    const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
    console.log(`Check: ${name} ${code === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
    if (code === 0) continue;
    console.log(output.trim());
    failed.push(name);
  }
  return failed;
}
