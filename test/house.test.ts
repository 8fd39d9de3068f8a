import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Everything that is committed or about to be. */
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT })
  .toString()
  .split('\0')
  .filter((file) => file !== '' && existsSync(`${ROOT}${file}`))
  .sort();

const read = (file: string) => readFileSync(`${ROOT}${file}`, 'utf8');
const isCode = (file: string) => /\.(ts|tsx|js|mjs)$/.test(file);
const isTest = (file: string) => /\.test\.tsx?$/.test(file);

// --- Who may know whom ------------------------------------------------------------------------------------------------

const ROLES = ['ingest', 'transcode', 'origin', 'live', 'edge', 'control', 'analytics'];
const SEAMS = ['database', 'storage', 'queue', 'config', 'outbound', 'geo', 'recording', 'ffmpeg'];

/** What the files of a part may import of ours, besides their own part. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  setup: [],
  'setup.js': ['setup'],
  database: ['kernel'],
  storage: ['kernel'],
  config: ['kernel'],
  queue: ['kernel', 'database'],
  outbound: ['kernel'],
  geo: ['kernel'],
  recording: ['kernel', 'database', 'queue', 'storage'],
  ffmpeg: ['kernel'],
  sign: ['kernel'],
  client: [],
  cli: ['kernel', 'config'],
  'main.ts': ['kernel', ...SEAMS, ...ROLES],
  ...Object.fromEntries(ROLES.map((role) => [role, ['kernel', ...SEAMS]])),
};

/** The two commands that are a server rather than talk to one, and an edge's several processes. */
const COMPOSES = ['src/cli/serve.ts', 'src/cli/edge.ts', 'src/cli/edge-worker.ts', 'src/cli/workers.ts'];

/** Packages that enter by one named file or folder. */
const ENTERS_BY: Readonly<Record<string, readonly string[]>> = {
  'fluent-ffmpeg': ['src/ffmpeg/ffmpeg.ts'],
  'm3u8-parser': ['src/kernel/hls/parse.ts'],
  jsonwebtoken: ['src/kernel/access/jwt.ts'],
  kysely: ['src/database/', 'src/queue/'], // the queue is leases over SQL
  'mmdb-lib': ['src/geo/mmdb.ts'],
  pg: ['src/database/postgres.ts'],
  werift: ['src/live/doors/whip/peer.ts'],
  undici: ['src/edge/upstream.ts', 'src/ingest/'], // viewers' bytes from an origin; pulls, where the address is checked
  // A cache of one thing or another, wherever one is needed.
  'lru-cache': ['src/database/', 'src/edge/', 'src/geo/'],
  // Doors: each role that listens has one.
  '@fastify/websocket': ['src/control/', 'src/live/'],
  fastify: ['src/control/', 'src/edge/', 'src/origin/', 'src/ingest/', 'src/live/'],
  ws: ['src/edge/channel/', 'src/live/'], // what @fastify/websocket is made of, where fastify has no listener
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const IMPORT_FORMS = [
  /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
];

function importsIn(file: string, text: string): Import[] {
  return IMPORT_FORMS.flatMap((form) => [...text.matchAll(form)]).map((match) => ({ file, specifier: match[1] ?? '' }));
}

const SOURCE = FILES.filter((file) => file.startsWith('src/') && isCode(file) && !isTest(file));
const IMPORTS = SOURCE.flatMap((file) => importsIn(file, read(file)));

/** `src/edge/cache/memory.ts` belongs to `edge`, `src/main.ts` to `main.ts`. */
const partOf = (file: string) => file.split('/')[1] ?? '';
const targetOf = ({ file, specifier }: Import) => posix.join(posix.dirname(file), specifier);
/** The manifest is data that anybody may read: it has the version. */
const isOurs = (each: Import) => each.specifier.startsWith('.') && targetOf(each) !== 'package.json';

function isAllowed(each: Import): boolean {
  const from = partOf(each.file);
  const to = partOf(targetOf(each));
  if (from === to || MAY_IMPORT[from]?.includes(to)) return true;
  return to === 'main.ts' && COMPOSES.includes(each.file);
}

function packageOf({ specifier }: Import): string | undefined {
  if (/^(\.|node:)/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Every import that a file brings along, by way of others too. */
function reachOf(file: string, seen = new Set<string>()): Import[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const own = IMPORTS.filter((each) => each.file === file);
  return [...own, ...own.filter(isOurs).flatMap((each) => reachOf(targetOf(each), seen))];
}

const show = ({ file, specifier }: Import) => `${file} imports ${specifier}`;

describe('which way knowledge flows', () => {
  test('the walk sees every form of import', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from '../b.ts';",
      "import {\n  c,\n  d,\n} from 'c';",
      "export * from './d.ts';",
      "import 'e';",
      "const f = await import('./f.ts');",
      "const notOne = { from: 'nowhere' };",
    ].join('\n');
    const seen = importsIn('src/x.ts', text).map(({ specifier }) => specifier);
    expect(seen.sort()).toEqual(['../b.ts', './a.ts', './d.ts', './f.ts', 'c', 'e']);
  });

  test('a role that imports another role is caught, its own files and the seams are not', () => {
    expect(isAllowed({ file: 'src/edge/http.ts', specifier: '../origin/http.ts' })).toBe(false);
    expect(isAllowed({ file: 'src/edge/phases/fetch.ts', specifier: '../upstream.ts' })).toBe(true);
    expect(isAllowed({ file: 'src/kernel/ids.ts', specifier: '../config/settings.ts' })).toBe(false);
    expect(isAllowed({ file: 'src/control/routes/assets.ts', specifier: '../../queue/queue.ts' })).toBe(true);
    expect(isAllowed({ file: 'src/cli/serve.ts', specifier: '../main.ts' })).toBe(true);
    expect(isAllowed({ file: 'src/cli/key.ts', specifier: '../main.ts' })).toBe(false);
  });

  test('every part of src is one that the rules know', () => {
    expect([...new Set(SOURCE.map(partOf))].filter((part) => !(part in MAY_IMPORT))).toEqual([]);
  });

  test('kernel imports nothing of ours, roles import kernel and the seams, only main.ts imports roles', () => {
    expect(IMPORTS.filter((each) => isOurs(each) && !isAllowed(each)).map(show)).toEqual([]);
  });

  test('no import leaves src', () => {
    expect(IMPORTS.filter((each) => isOurs(each) && !targetOf(each).startsWith('src/')).map(show)).toEqual([]);
  });

  test('the kernel does no input or output', () => {
    const outside = /^node:(fs|net|http|https|http2|dgram|dns|tls|child_process|worker_threads|sqlite|os|cluster)\b/;
    const offenders = IMPORTS.filter(({ file, specifier }) => partOf(file) === 'kernel' && outside.test(specifier));
    expect(offenders.map(show)).toEqual([]);
  });

  test('a third-party package enters by one file or one folder', () => {
    const doors = Map.groupBy(
      IMPORTS.filter((each) => packageOf(each) !== undefined),
      (each) => packageOf(each) ?? '',
    );
    const offenders = [...doors].flatMap(([name, imports]) => {
      const parts = new Set(imports.map(({ file }) => partOf(file)));
      const places = ENTERS_BY[name] ?? (parts.size === 1 ? ['src/'] : []);
      return imports.filter(({ file }) => !places.some((place) => file.startsWith(place)));
    });
    expect(offenders.map(show)).toEqual([]);
  });

  test('frontrow/sign brings nothing but node:crypto and jsonwebtoken', () => {
    const outside = reachOf('src/sign/index.ts').filter((each) => !isOurs(each));
    expect([...new Set(outside.map(({ specifier }) => specifier))].sort()).toEqual([
      'jsonwebtoken',
      'node:crypto',
      'node:util',
    ]);
  });

  test('the player speaks to a server only over the network', () => {
    const files = FILES.filter((file) => file.startsWith('player-demo/') && isCode(file));
    const offenders = files
      .flatMap((file) => importsIn(file, read(file)))
      .filter((each) => isOurs(each) && !targetOf(each).startsWith('player-demo/'));
    expect(offenders.map(show)).toEqual([]);
  });
});

// --- Names ------------------------------------------------------------------------------------------------------------

const CODE = FILES.filter((file) => /^(src|test|player-demo)\//.test(file));

describe('names', () => {
  test('nothing is called utils, helpers, common or misc', () => {
    const drawer = /(^|[-./])(utils?|helpers?|common|misc|managers?)([-./]|$)/;
    expect(CODE.filter((file) => drawer.test(file))).toEqual([]);
  });

  test('files are kebab-case', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
    expect(CODE.filter((file) => isCode(file) && !kebab.test(basename(file)))).toEqual([]);
  });

  test('source files export by name', () => {
    expect(SOURCE.filter((file) => /^export default\b/m.test(read(file)))).toEqual([]);
  });
});

// --- The repository ---------------------------------------------------------------------------------------------------

const TOP = [
  'src',
  'media',
  'player-demo',
  'test',
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'docker-compose.yml',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
];

describe('the repository', () => {
  test('has nothing at its top but the house', () => {
    const tops = new Set(FILES.map((file) => file.split('/')[0] ?? ''));
    expect([...tops].filter((name) => !name.startsWith('.') && !TOP.includes(name))).toEqual([]);
  });

  test('skips no test and singles none out', () => {
    const marked = /\b(it|test|describe)\.(only|skip|todo)\b/;
    expect(CODE.filter((file) => isTest(file) && marked.test(read(file)))).toEqual([]);
  });

  test('documents link to files that are there', () => {
    const link = /\]\((?![a-z]+:|#)([^)\s#]+)/g;
    const dead = FILES.filter((file) => file.endsWith('.md')).flatMap((file) =>
      [...read(file).matchAll(link)]
        .map(([, target = '']) => posix.join(posix.dirname(file), target))
        .filter((target) => !existsSync(`${ROOT}${target}`))
        .map((target) => `${file} links to ${target}`),
    );
    expect(dead).toEqual([]);
  });

  test('names no folder of a machine and no package registry', () => {
    const home = homedir();
    const texts = FILES.filter((file) => /\.(ts|tsx|js|json|md|css|html|yml|sh|svg)$|^\.|^LICENSE$/.test(file));
    const personal = /\/(home|Users|root|work|workspace)\/[\w.-]+\//;
    const registry = /registry\.(npmjs|yarnpkg|npmmirror)|\/(artifactory|nexus|verdaccio)\//;
    const offenders = texts.filter((file) => {
      const text = read(file);
      const ours = home.length > 1 && text.includes(`${home}/`);
      return ours || text.includes(ROOT) || personal.test(text) || registry.test(text);
    });
    expect(offenders).toEqual([]);
  });

  test('locks packages by version and digest, not by where one machine found them', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"');
  });

  // npm leaves out what it could not fetch, and from then on `npm ci` refuses the lock on every machine.
  test('locks the packages of every platform, not only of the one that wrote the lock', () => {
    const lock: { packages: Record<string, { optionalDependencies?: Record<string, string> }> } = JSON.parse(
      read('package-lock.json'),
    );
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
      ),
    );
    expect(missing).toEqual([]);
  });
});
