/**
 * What stands between a fresh clone and a running Frontrow: packages, the pinned Node, ffmpeg, Chromium and
 * PostgreSQL for the tests, and the built player. Plain JavaScript without dependencies, because it runs before `npm ci` on whatever Node (20 or
 * newer) the machine has. A step that finds its work done says nothing and costs milliseconds.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildPackage } from './setup/build.js';
import { runChecks } from './setup/checks.js';
import { ensureNode, ensurePackages } from './setup/packages.js';
import { ensurePlayer } from './setup/player.js';
import { ensureChromium, ensureFfmpeg, ensurePostgres, ensureS3Server, noteMissingPeers } from './setup/programs.js';
import { BIN, environment, Obstacle, ROOT, readJson, runAttached } from './setup/running.js';
import { countTests, reaches } from './setup/test-run.js';

const REPORT = join(ROOT, '.reports', 'tests.json');

async function start(args) {
  await ensurePackages();
  const node = await ensureNode();
  await ensureFfmpeg();
  await ensurePlayer(node);
  return runAttached([node, join(ROOT, 'src/cli/frontrow.js'), 'serve', '--demo', ...args], environment(node));
}

/** Every check and every ring; with arguments (`npm test -- --project unit`) only the tests they choose. */
async function test(args) {
  await ensurePackages();
  const node = await ensureNode();
  await ensureFfmpeg();
  if (reaches(args, ['contract', 'scenario', 'fault', 'live'])) {
    await ensurePostgres();
    await ensureS3Server();
  }
  const chromium = reaches(args, ['browser']) ? await ensureChromium() : undefined;
  if (chromium) await ensurePlayer(node);
  const failedChecks = args.length === 0 ? await runChecks(node) : [];
  rmSync(REPORT, { force: true });
  mkdirSync(dirname(REPORT), { recursive: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const vitest = [join(BIN, 'vitest'), 'run', '--config', join(ROOT, 'test/vitest.config.ts'), ...reporters, ...args];
  const code = await runAttached(vitest, environment(node, chromium ? { CHROMIUM_PATH: chromium } : {}));
  const counts = existsSync(REPORT) ? countTests(readJson(REPORT)) : { passed: 0, failed: 1, skipped: 0 };
  if (failedChecks.length > 0) console.log(`Checks that failed: ${failedChecks.join(', ')}`);
  if (code !== 0 && counts.failed === 0) console.log(`vitest ended with code ${code}; the reason is above.`);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return failedChecks.length > 0 || counts.failed > 0 ? code || 1 : code;
}

async function check() {
  await ensurePackages();
  const failed = await runChecks(await ensureNode());
  return failed.length === 0 ? 0 : 1;
}

async function bench(args) {
  await ensurePackages();
  const node = await ensureNode();
  await ensureFfmpeg();
  noteMissingPeers();
  return runAttached([node, join(ROOT, 'test/bench/run.ts'), ...args], environment(node));
}

/** What `npm pack` and `npm publish` take along. */
async function build() {
  await ensurePackages();
  const node = await ensureNode();
  await ensurePlayer(node);
  await buildPackage(node);
  return 0;
}

const COMMANDS = { start, test, check, bench, build };

async function main([name, ...args]) {
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  if (!command) throw new Obstacle(`Usage: node src/setup.js ${Object.keys(COMMANDS).join('|')} [arguments]`);
  return command(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (cause) {
  console.error(cause instanceof Obstacle ? cause.message : cause);
  process.exitCode = 1;
}
