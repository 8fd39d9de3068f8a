/** The packages of package-lock.json and, as one of them, the Node that everything runs on. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, LOCK, MODULES, Obstacle, ROOT, readJson, runQuietly, step } from './running.js';

/** The digest of the lock file that node_modules was last made from. */
const STAMP = join(MODULES, '.frontrow-setup');
/** The first Node that runs the sources as they are; only asked of a machine where the pinned one cannot run. */
const NODE_OLDEST = 26;

/** Under `npm start` npm says where it lives; its own file runs without a shell on every system. */
function npm(...args) {
  const own = process.env.npm_execpath;
  return own?.endsWith('.js') ? [process.execPath, own, ...args] : ['npm', ...args];
}

function lockDigest() {
  return createHash('sha256').update(readFileSync(LOCK)).digest('hex');
}

/**
 * Whether node_modules holds what the lock file asks for. The stamp answers in a millisecond; without it npm's own
 * record does, so that a developer who ran `npm install` by hand is not made to wait for `npm ci`.
 */
function packagesMatch() {
  const record = join(MODULES, '.package-lock.json');
  if (!existsSync(record)) return false;
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lockDigest()) return true;
  const wanted = Object.entries(readJson(LOCK).packages).filter(([path]) => path !== '');
  const present = readJson(record).packages;
  const versions = new Map(wanted.map(([path, entry]) => [path, entry.version]));
  const complete = wanted.every(([path, entry]) => entry.optional || present[path]?.version === entry.version);
  return complete && Object.entries(present).every(([path, entry]) => versions.get(path) === entry.version);
}

export async function ensurePackages() {
  const match = packagesMatch();
  if (!match) {
    await step('Installing packages (npm ci)', async () => {
      // Loud enough for a reason, also when the outer npm was told to be silent; dev packages also in production.
      const { code, output } = await runQuietly(npm('ci', '--include=dev', '--loglevel=error'));
      if (code !== 0) throw new Obstacle(`npm ci ended with code ${code}:\n${output.trim()}`);
    });
  }
  if (!match || !existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== lockDigest()) writeFileSync(STAMP, lockDigest());
}

/** The version a Node binary reports, such as `26.10.0`; undefined when it does not run. The one running is not asked. */
async function nodeVersion(file) {
  if (!existsSync(file)) return undefined;
  if (realpathSync(file) === realpathSync(process.execPath)) return process.versions.node;
  const { code, output } = await runQuietly([file, '--version']);
  return code === 0 ? output.trim().replace(/^v/, '') : undefined;
}

/**
 * The Node everything runs on: the pinned one. Its package fetches the binary in an install script, which npm may have
 * skipped (`ignore-scripts`); a rebuild is tried once before the person is asked.
 */
export async function ensureNode() {
  const wanted = readJson(join(ROOT, 'package.json')).devDependencies.node;
  const pinned = join(MODULES, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  let found = await nodeVersion(pinned);
  if (found !== wanted) {
    found = await step(`Fetching Node ${wanted}`, async () => {
      await runQuietly(npm('rebuild', 'node', '--ignore-scripts=false', '--foreground-scripts', '--loglevel=error'));
      return nodeVersion(pinned);
    });
  }
  if (found === wanted) {
    await checkScriptsRunOn(wanted, pinned);
    return pinned;
  }
  if (Number.parseInt(process.versions.node, 10) >= NODE_OLDEST) {
    console.log(`Note: the pinned Node ${wanted} does not run here; going on with this machine's ${process.version}.`);
    return process.execPath;
  }
  throw new Obstacle(
    `Frontrow needs Node ${wanted}, which the npm package "node" brings, but node_modules/node/bin/node ` +
      `${found ? `is ${found}` : 'does not run'}; npm has probably skipped its install script.\n` +
      'Run:  npm rebuild node --ignore-scripts=false\n' +
      `or install Node ${NODE_OLDEST} or newer on this machine, and try again.`,
  );
}

/** npm scripts find `node` in node_modules/.bin first; says so when, on this machine, they would not get the pinned one. */
async function checkScriptsRunOn(wanted, pinned) {
  const seen = await nodeVersion(join(BIN, process.platform === 'win32' ? 'node.cmd' : 'node'));
  if (process.platform === 'win32' || seen === wanted) return;
  console.log(
    `Note: npm scripts do not run on Node ${wanted} here: node_modules/.bin/node ` +
      `${seen ? `is ${seen}` : 'is missing'}. Frontrow itself is started with ${pinned}.\n` +
      'To mend it, run:  npm rebuild node --ignore-scripts=false',
  );
}
