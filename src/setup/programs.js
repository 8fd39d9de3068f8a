/** Programs of the operating system: installed where that needs no question, otherwise asked for by the exact command. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isRunnable, MODULES, Obstacle, runQuietly, step, which } from './running.js';

/** The oldest ffmpeg whose filters and protocol rules the encoder relies on. */
const FFMPEG_OLDEST = [5, 1];

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Where Debian keeps the servers of each version, which are on nobody's PATH. */
const POSTGRES_ON_DEBIAN = '/usr/lib/postgresql';

const CHROMIUM_ON_MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** `[5, 1]` for "ffmpeg version 5.1.6-0+deb12u1"; a build from git names no version and counts as new. */
export function parseFfmpegVersion(text) {
  const release = /^ff\w+ version n?(\d+)\.(\d+)/.exec(text);
  if (release) return [Number(release[1]), Number(release[2])];
  return /^ff\w+ version (N-|git-|\d{4}-)/.test(text) ? [Number.POSITIVE_INFINITY, 0] : undefined;
}

export function isNewEnough(version) {
  if (!version) return false;
  const [major, minor] = version;
  const [oldestMajor, oldestMinor] = FFMPEG_OLDEST;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** Which programs were last found to do: asking ffmpeg for its version takes longer than everything else of a start. */
const STAMP = join(MODULES, '.frontrow-programs');

/** Where the programs are and which files they are, so that another one under the same name is noticed. */
export function identify(names) {
  return names
    .map((name) => {
      const found = which(name);
      if (!found) return `${name} is missing`;
      const file = realpathSync(found);
      // Two files made in one tick of the clock differ in their inode alone.
      const { ino, size, mtimeMs, ctimeMs } = statSync(file);
      return [file, ino, size, mtimeMs, ctimeMs].join(' ');
    })
    .join('\n');
}

/** What is wrong with ffmpeg or ffprobe here, as the rest of a sentence; undefined when both will do. */
async function ffmpegShortcoming() {
  const answers = await Promise.all(
    ['ffmpeg', 'ffprobe'].map(async (name) => [name, await runQuietly([name, '-version'])]),
  );
  for (const [name, { code, output }] of answers) {
    if (code !== 0) return `${name} is missing`;
    if (!isNewEnough(parseFfmpegVersion(output)))
      return `${name} is older than ${FFMPEG_OLDEST.join('.')} (${output.split('\n')[0]})`;
  }
  return undefined;
}

/** The browser that the browser ring drives, or undefined. CHROMIUM_PATH decides when it is set. */
function findChromium() {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    if (isRunnable(given)) return given;
    throw new Obstacle(`CHROMIUM_PATH is ${given}, which is no program that can be run.`);
  }
  for (const name of CHROMIUM_NAMES) {
    const file = which(name);
    if (file) return file;
  }
  return CHROMIUM_ON_MAC.find(isRunnable);
}

/** How to run apt-get without being asked anything: as root, or by a sudo that wants no password; else undefined. */
function aptGet() {
  if (!which('apt-get')) return undefined;
  const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', '-q'];
  if (process.getuid?.() === 0) return apt;
  const sudo = which('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return sudo ? ['sudo', '-n', ...apt] : undefined;
}

/** What Fedora calls a tool, and what brew is told to install. */
const DNF_NAMES = { ffmpeg: 'ffmpeg-free', postgresql: 'postgresql-server' };
const BREW_NAMES = { chromium: '--cask chromium' };

function installCommand(tool) {
  if (which('apt-get')) return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${tool}`;
  if (tool === SWIFT) return 'python3 -m pip install swift';
  if (which('dnf')) return `sudo dnf install -y ${DNF_NAMES[tool] ?? tool}`;
  if (which('brew') || process.platform === 'darwin') return `brew install ${BREW_NAMES[tool] ?? tool}`;
  return undefined;
}

/** The sentence with the exact command, for whoever has to run it. */
function askToInstall(tool, why) {
  const command = installCommand(tool);
  const how = command
    ? `Run:  ${command}`
    : [
        'Install it with one of these:',
        `  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${tool}`,
        `  Fedora:          sudo dnf install -y ${DNF_NAMES[tool] ?? tool}`,
        `  macOS:           brew install ${BREW_NAMES[tool] ?? tool}`,
      ].join('\n');
  return new Obstacle(`${why}, and it cannot be installed from here.\n${how}\nThen try again.`);
}

function aptListsMissing() {
  try {
    return !readdirSync('/var/lib/apt/lists').some((name) => /_(Packages|InRelease)/.test(name));
  } catch {
    return true; // no folder, no lists
  }
}

async function installByApt(apt, tool) {
  const install = [...apt, 'install', '--no-install-recommends', tool];
  const update = () => runQuietly([...apt, 'update']);
  const listsMissing = aptListsMissing();
  if (listsMissing) await update();
  let result = await runQuietly(install);
  if (result.code !== 0 && !listsMissing) {
    await update(); // old lists name packages that the mirror has replaced since
    result = await runQuietly(install);
  }
  if (result.code !== 0) throw new Obstacle(`apt-get could not install ${tool}:\n${result.output.trim()}`);
}

export async function ensureFfmpeg() {
  const programs = identify(['ffmpeg', 'ffprobe']);
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === programs) return;
  const why = await ffmpegShortcoming();
  if (!why) return writeFileSync(STAMP, programs);
  const apt = aptGet();
  if (!apt) throw askToInstall('ffmpeg', `Frontrow needs ffmpeg ${FFMPEG_OLDEST.join('.')} or newer: ${why}`);
  await step('Installing ffmpeg (apt-get)', () => installByApt(apt, 'ffmpeg'));
  const still = await ffmpegShortcoming();
  if (still) throw new Obstacle(`apt-get installed ffmpeg, yet ${still}. Newer ones: https://ffmpeg.org/download.html`);
}

export async function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  const why = 'The browser tests need Chromium or Chrome, which is missing (CHROMIUM_PATH may name one)';
  const apt = aptGet();
  if (!apt) throw askToInstall('chromium', why);
  await step('Installing Chromium (apt-get)', () => installByApt(apt, 'chromium'));
  const installed = findChromium();
  if (!installed) throw askToInstall('chromium', 'apt-get installed chromium, yet no such program is there');
  return installed;
}

/** The folder of PostgreSQL's server programs, the newest where there are several; undefined when there is none. */
export function findPostgres(debian = POSTGRES_ON_DEBIAN) {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const onPath = which('postgres');
  const folders = [...(onPath ? [dirname(onPath)] : []), ...versions.map((version) => join(debian, version, 'bin'))];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => isRunnable(join(folder, name))));
}

/** The server that the tests start, each time a fresh one, is only installed: nothing of it has to run. */
export async function ensurePostgres() {
  if (findPostgres()) return;
  const apt = aptGet();
  if (!apt) throw askToInstall('postgresql', 'The database tests need PostgreSQL, which is missing');
  await step('Installing PostgreSQL (apt-get)', () => installByApt(apt, 'postgresql'));
  if (!findPostgres()) throw askToInstall('postgresql', 'apt-get installed postgresql, yet no server is there');
}

/** OpenStack Swift, the S3 server of the tests. A library of the system's own Python: no service is installed or run. */
const SWIFT = 'python3-swift';

async function hasSwift() {
  const python = isRunnable('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  return (await runQuietly([python, '-c', 'import swift.common.middleware.s3api, swift.proxy.server'])).code === 0;
}

export async function ensureS3Server() {
  if (await hasSwift()) return;
  const why = 'The tests need an S3 server, OpenStack Swift, which is missing';
  const apt = aptGet();
  if (!apt) throw askToInstall(SWIFT, why);
  await step('Installing OpenStack Swift (apt-get)', () => installByApt(apt, SWIFT));
  if (!(await hasSwift())) throw askToInstall(SWIFT, `apt-get installed ${SWIFT}, yet Python does not find it`);
}

/** Nothing fails without the peers that a benchmark compares with, so nothing is installed for it. */
export function noteMissingPeers() {
  const missing = ['nginx', 'wrk'].filter((name) => !which(name) && !isRunnable(join('/usr/sbin', name)));
  if (missing.length === 0) return;
  console.log(`Note: ${missing.join(' and ')} not found; what is measured beside it is skipped.`);
}
