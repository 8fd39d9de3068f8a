import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askPlace, edgePlaces, type OperatorQuestion, tellAll } from '../../src/config/edge-operator.ts';
import { EdgeScenario, HandClock } from '../harness/edge-scenario.ts';
import { type Ended, frontrow } from '../harness/frontrow.ts';
import { RecordingLog } from '../harness/recording-log.ts';

/** How an operator talks to an edge on the same machine: by its socket, and by the command line. */
const HOUR = { 'Cache-Control': 'max-age=3600' };

let s: EdgeScenario;

beforeEach(async () => {
  s = await new EdgeScenario({ clock: new HandClock(), settings: { edgeDiskBytes: 33_554_432 } }).start();
});
afterEach(() => s.stop());

async function store(...targets: string[]): Promise<void> {
  for (const target of targets) {
    s.origin.serve(target, { headers: { ...HOUR, 'Cache-Tag': `of${target.replaceAll('/', '-')}` }, body: 'body' });
    await s.get(target);
  }
  await s.edge.written();
}

const isKept = async (target: string) => (await s.get(target)).headers['x-cache'] === 'Hit from frontrow';
const command = (...args: string[]): Promise<Ended> => frontrow(['edge', 'invalidate', ...args, '--data', s.dataDir]);
const socket = (folder = s.dataDir) => ({ name: 'edge', folder });

async function ask(question: OperatorQuestion) {
  const [asked] = await askPlace(socket(), question);
  return asked?.answer;
}

const order = (body: unknown): OperatorQuestion => ({ method: 'POST', path: '/invalidations', body });

describe('the command line', () => {
  test('invalidates paths, patterns, URLs and tags, and says that it is in force', async () => {
    await store('/a', '/b', '/c/1', '/d', '/e');
    const ended = await command('/a', '/c/*', 'http://any.example/d', '--tag', 'of-b', '--wait');
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^PROCESS {2}INVALIDATION\nedge {5}\d+ in force\n$/);
    expect(await Promise.all(['/a', '/b', '/c/1', '/d', '/e'].map(isKept))).toEqual([false, false, false, false, true]);
  });

  test('says what would go, as a table or as JSON, and leaves it', async () => {
    await store('/a/1', '/a/2');
    const table = (await command('/a/*', '--dry-run')).stdout;
    expect(table).toMatch(
      /^PROCESS +TIER +ENTRIES +BYTES\nedge +memory +2 +\d+\nedge +disk +2 +8\nSuch as:\n {2}\/a\/1\n/,
    );
    const { stdout } = await command('--all', '--dry-run', '--keys', '1', '--json');
    const disk = { entries: 2, bytes: 8, keys: ['/a/1'] };
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: true, processes: [{ name: 'edge', disk }] });
    expect(await isKept('/a/1')).toBe(true);
  });

  test.each<[string[], number, string]>([
    [[], 2, '(USAGE)'],
    [['/a', '--all'], 2, '(USAGE)'],
    [['/a', '--dry-run', '--wait'], 2, '(USAGE)'],
    [['no-path'], 1, 'edge: "no-path" is no path. (TARGET_INVALID)'],
    [['--tag', 'two words'], 1, '(TARGET_INVALID)'],
  ])('refuses %j', async (args, status, says) => {
    const ended = await command(...args);
    expect([ended.status, ended.stderr]).toEqual([status, expect.stringContaining(says)]);
  });

  test('says that no edge runs, and notes nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'frontrow-no-edge-'));
    await mkdir(join(folder, 'edge-cache'));
    const ended = await frontrow(['edge', 'invalidate', '/a', '--data', folder]);
    expect([ended.status, ended.stderr]).toEqual([1, expect.stringContaining('(SERVER_NOT_FOUND)')]);
    expect(await stat(join(folder, 'edge-invalidations')).catch(() => 'none')).toBe('none');
    await rm(folder, { recursive: true });
  });

  test('says that the path of the folder is too long', async () => {
    const ended = await frontrow(['edge', 'invalidate', '/a', '--data', join(tmpdir(), 'x'.repeat(100))]);
    expect([ended.status, ended.stderr]).toEqual([1, expect.stringContaining('(SOCKET_PATH_TOO_LONG)')]);
  });
});

describe('the socket', () => {
  test('is for the user of the edge alone, and gone when it stops', async () => {
    const path = join(s.dataDir, 'edge.sock');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await s.edge.stop();
    expect(await stat(path).catch(() => 'gone')).toBe('gone');
  });

  test('takes the place of one that a killed edge left', async () => {
    await s.restartEdge((dataDir) => writeFile(join(dataDir, 'edge.sock'), ''));
    expect(await ask({ method: 'GET', path: '/invalidations' })).toMatchObject({ status: 200 });
  });

  test('a second edge on the same folder listens beside the first, and both are told', async () => {
    const second = new EdgeScenario({ dataDir: s.dataDir });
    await second.start();
    await store('/a');
    second.origin.serve('/a', { headers: HOUR });
    await second.get('/a');
    const told = await tellAll(await edgePlaces(s.dataDir), order({ all: true }));
    expect(told.map(({ answer }) => answer?.status)).toEqual([200, 200]);
    await second.get('/a');
    expect([second.origin.count('/a'), await isKept('/a')]).toEqual([2, false]);
    await second.stop();
  });

  test('an edge whose folder has too long a path serves without one, and says so', async () => {
    const log = new RecordingLog();
    const dataDir = join(s.dataDir, 'x'.repeat(90));
    const other = await new EdgeScenario({ dataDir, log }).start();
    other.origin.serve('/a', { headers: HOUR });
    expect((await other.get('/a')).status).toBe(200);
    expect(log.lines.map(({ says }) => says)).toContain(
      'no invalidations by socket: the path of the data folder is too long for one',
    );
    await other.stop();
  });

  test.each<[string, unknown, number, string]>([
    ['no object', [], 400, 'INVALID_REQUEST'],
    ['nothing named', {}, 400, 'INVALID_REQUEST'],
    ['a member that there is none of', { path: '/a', all: true }, 400, 'INVALID_REQUEST'],
    ['a member of another type', { paths: '/a' }, 400, 'INVALID_REQUEST'],
    ['a word for a switch', { all: 'yes' }, 400, 'INVALID_REQUEST'],
    ['no path', { paths: ['a'] }, 400, 'TARGET_INVALID'],
    ['no tag', { tags: ['a,b'] }, 400, 'TARGET_INVALID'],
    ['too many', { paths: Array.from({ length: 3_001 }, (_, at) => `/${at}`) }, 400, 'INVALID_REQUEST'],
    ['too long', { paths: ['/'.padEnd(1_100_000, 'x')] }, 413, 'BODY_TOO_LARGE'],
  ])('refuses an order with %s', async (_what, body, status, code) => {
    expect(await ask(order(body))).toMatchObject({ status, body: { status, code } });
    expect(s.edge.invalidations.state.pending).toEqual([]);
  });

  test('tells the place of a process that does not run when it starts, where there is something kept', async () => {
    for (const worker of ['worker-1', 'worker-2', 'worker-10']) await mkdir(join(s.dataDir, worker));
    await mkdir(join(s.dataDir, 'worker-2', 'edge-cache'));
    const told = await tellAll(await edgePlaces(s.dataDir), order({ paths: ['/a'] }));
    expect(told).toEqual([
      { name: 'edge', answer: expect.objectContaining({ status: 200 }) },
      { name: 'worker-2', answer: undefined },
    ]);
    expect(await stat(join(s.dataDir, 'worker-2', 'edge-invalidations', 'missed'))).toBeDefined();
  });
});
