import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { frontrow, RunningCommand } from '../harness/frontrow.ts';
import { ScriptedOrigin } from '../harness/origin.ts';

let folder: string;
let origin: ScriptedOrigin;
let command: RunningCommand;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontrow-workers-'));
  origin = await new ScriptedOrigin().start();
  origin.serve('/a', { headers: { 'Cache-Control': 'max-age=60' }, body: 'a' });
});
afterEach(async () => {
  command.process.kill('SIGKILL');
  await command.ended();
  await origin.stop();
  await rm(folder, { recursive: true, force: true });
});

async function begin(...args: string[]): Promise<void> {
  command = new RunningCommand(
    ['edge', '--origin', origin.url, '--port', '0', '--data', folder, '--workers', '2', '--json', ...args],
    {
      environment: {
        FRONTROW_LOG_LEVEL: 'warn',
        FRONTROW_EDGE_STOP_MS: '5000',
        FRONTROW_ACCESS_LOG: join(folder, 'log'),
      },
    },
  );
  url = await new Promise<string>((resolve, reject) => {
    let said = '';
    command.process.stdout?.on('data', (text) => {
      said += String(text);
      if (said.includes('\n}\n')) resolve((JSON.parse(said) as { edge: string }).edge);
    });
    command.process.once('exit', (code) => reject(new Error(`the edge ended with ${code}`)));
  });
}

interface Answer {
  readonly status: number | undefined;
  /** Which process answered. */
  readonly worker: string;
  readonly body: string;
}

/** On a connection of its own. */
async function ask(target = '/a'): Promise<Answer> {
  const request = get(url + target, { agent: new Agent() });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = (await response.toArray()).join('');
  const worker = String(response.headers['x-frontrow-id']).replace(/-[^-]*$/, '');
  return { status: response.statusCode, worker, body };
}

/** Asks until so many processes have answered since, one connection after the other. */
async function workersAnswering(count: number): Promise<Set<string>> {
  const seen = new Set<string>();
  // The test's own time limit ends it when they never do.
  while (seen.size < count) seen.add((await ask()).worker);
  return seen;
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** The process that the launcher may have handed over to, with the workers below it. */
function parentPid(): number {
  return command.process.pid ?? 0;
}

async function isRunning(pid: number): Promise<boolean> {
  return readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !/\) [ZX] /.test(stat),
    () => false,
  );
}

async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    // The test's own time limit ends it when they stay.
    while (await isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('one port is served by all processes, each of which fetches for itself', async () => {
  await begin();
  expect((await workersAnswering(2)).size).toBe(2);
  expect(origin.count('/a')).toBe(2);
  expect(await childrenOf(parentPid())).toHaveLength(2);
});

test('an invalidation reaches every process', async () => {
  await begin();
  await workersAnswering(2);
  const { stdout } = await frontrow(['edge', 'invalidate', '/a', '--data', folder, '--json']);
  const { processes } = JSON.parse(stdout) as { processes: { name: string; sequence: number }[] };
  expect(processes.map(({ name }) => name)).toEqual(['worker-1', 'worker-2']);
  await workersAnswering(2);
  expect(origin.count('/a')).toBe(4);
});

test('a process that is killed is replaced, and meanwhile the others serve', async () => {
  await begin();
  const before = await workersAnswering(2);
  const [victim = 0] = await childrenOf(parentPid());
  process.kill(victim, 'SIGKILL');
  await gone([victim]);
  // One that was waiting for the dead process is reset, which tells its viewer to ask again.
  for (let asked = 0; asked < 5; asked++) expect((await ask().catch(() => ask())).status).toBe(200);
  const after = new Set<string>();
  while (![...after].some((worker) => !before.has(worker))) after.add((await ask()).worker);
  expect(await childrenOf(parentPid())).toHaveLength(2);
});

test('a parent that is killed leaves no process behind', async () => {
  await begin();
  const children = await childrenOf(parentPid());
  expect(children).toHaveLength(2);
  command.process.kill('SIGKILL');
  await gone(children);
  await expect(ask()).rejects.toThrow();
});

test('a stop finishes what runs in every process, takes nothing new, and ends with status 0', async () => {
  await begin();
  const holds = [origin.hold('/slow/1'), origin.hold('/slow/2')];
  const running = [ask('/slow/1'), ask('/slow/2')];
  await Promise.all(holds.map((hold) => hold.arrived));
  const children = await childrenOf(parentPid());
  command.process.kill('SIGTERM');
  // From now on a connection is refused, sooner or later: the workers close one after the other.
  while (
    await ask().then(
      () => true,
      () => false,
    )
  );
  for (const hold of holds) hold.release({ body: 'to the end' });
  expect((await Promise.all(running)).map(({ body }) => body)).toEqual(['to the end', 'to the end']);
  expect((await command.ended()).status).toBe(0);
  await gone(children);
});

test('a stop that takes too long breaks off what is left', async () => {
  await begin();
  const held = origin.hold('/slow');
  const running = ask('/slow');
  running.catch(() => {});
  await held.arrived;
  const asked = performance.now();
  command.process.kill('SIGTERM');
  expect((await command.ended()).status).toBe(0);
  expect(performance.now() - asked).toBeLessThan(9_000);
  await expect(running).rejects.toThrow();
});

test('a port that is taken ends the start with a sentence, and leaves nothing running', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  command = new RunningCommand([
    'edge',
    '--origin',
    origin.url,
    '--port',
    String(port),
    '--data',
    folder,
    '--workers',
    '2',
  ]);
  const ended = await command.ended();
  expect(ended.status).toBe(1);
  expect(ended.stderr).toContain(`Port ${port} of 127.0.0.1 cannot be had`);
  other.close();
});

test('all processes append whole lines to one access log', async () => {
  await begin();
  await Promise.all(Array.from({ length: 40 }, () => ask()));
  command.process.kill('SIGTERM');
  await command.ended();
  const lines = (await readFile(join(folder, 'log'), 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(40);
  expect(new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id)).size).toBe(40);
  expect((await readdir(folder)).includes('secrets.json')).toBe(true);
});
