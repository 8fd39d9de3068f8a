import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetRepository } from '../../src/database/assets.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { type NewJob, Queue } from '../../src/queue/queue.ts';
import { LocalSignals } from '../../src/queue/signals.ts';
import { loopClip, placeClip } from '../harness/clip.ts';
import { PostgresServer } from '../harness/postgres.ts';
import { TestServer } from '../harness/server.ts';
import { median, seconds, type Table } from './measure.ts';
import { openPlace } from './place.ts';

const ROUNDS = 3;

/** What more workers gain: real encoders on this machine's cores, and sleeping ones, which cost none. */
export async function benchWorkers(): Promise<Table[]> {
  return [await realEncoders(), await sleepersOnSqlite(), await sleepersOnPostgres()];
}

async function realEncoders(): Promise<Table> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  try {
    const clip = join(folder, 'clip.mp4');
    const film = join(folder, 'film.mp4');
    await placeClip(clip);
    await loopClip(clip, film, 4);
    const times = new Map<number, number[]>([
      [1, []],
      [2, []],
    ]);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [workers, measured] of times) {
        process.stderr.write(`workers: ${workers}, round ${round + 1} of ${ROUNDS}\n`);
        measured.push(await encodeWith(workers, film));
      }
    }
    const alone = median(times.get(1) ?? []);
    const rows = [...times].map(([workers, measured]) => row(workers, median(measured), alone));
    return { title: 'A two-minute film with real encoders', head: HEAD, rows };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const HEAD = ['workers', 'until ready', 'speed-up', 'share of ideal'];

function row(workers: number, ms: number, aloneMs: number): string[] {
  const gain = aloneMs / ms;
  return [String(workers), seconds(ms), gain.toFixed(2), `${((100 * gain) / workers).toFixed(0)} %`];
}

async function encodeWith(workers: number, film: string): Promise<number> {
  const server = await TestServer.start({ environment: { FRONTROW_WORKERS: String(workers) } });
  try {
    const { assetId } = await server.uploadFile(film, 'film.mp4');
    const startedAt = performance.now();
    await server.until(assetId, ({ status }) => status === 'ready');
    return performance.now() - startedAt;
  } finally {
    await server.stop();
  }
}

/** About what a chunk of three small rungs takes, so that the queue is asked as often as in life. */
const SLEEP_MS = 500;
const CHUNKS = 128;
const SEGMENTS = 6;
const LANES = ['240p', '360p', '480p'];

async function sleepersOnSqlite(): Promise<Table> {
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-bench-'));
  try {
    return await sleepers(SQLITE, async (workers) => join(folder, String(workers)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sleepersOnPostgres(): Promise<Table> {
  const postgres = await PostgresServer.start({ durable: true });
  try {
    return await sleepers(POSTGRES, () => postgres.freshDatabase());
  } finally {
    await postgres.remove();
  }
}

interface Kind {
  readonly name: string;
  /** SQLite belongs to one process, where the workers share it; on PostgreSQL each is a process of its own. */
  readonly together: boolean;
}

const SQLITE: Kind = { name: 'SQLite, in one process', together: true };
const POSTGRES: Kind = { name: 'PostgreSQL, a process each', together: false };

async function sleepers(kind: Kind, freshPlace: (workers: number) => Promise<string>): Promise<Table> {
  const rows: string[][] = [];
  let aloneMs = 0;
  for (const workers of [1, 2, 4, 8]) {
    process.stderr.write(`workers: ${workers} sleeping, ${kind.name}\n`);
    const ms = await sleepWith(workers, kind, await freshPlace(workers));
    if (workers === 1) aloneMs = ms;
    rows.push(row(workers, ms, aloneMs));
  }
  const title = `${CHUNKS} chunks with encoders that sleep for ${SLEEP_MS} ms, on one ${kind.name}`;
  return { title, head: HEAD, rows };
}

const SLEEPER = fileURLToPath(new URL('./sleeping-worker.ts', import.meta.url));

async function sleepWith(workers: number, { together }: Kind, place: string): Promise<number> {
  await fillQueue(place);
  const shares = together ? [workers] : Array.from({ length: workers }, () => 1);
  const children = shares.map((share) => fork(SLEEPER, [place, String(SLEEP_MS), String(share)]));
  await Promise.all(children.map((child) => once(child, 'message')));
  const startedAt = performance.now();
  for (const child of children) child.send('go');
  const done = await Promise.all(children.map(async (child) => Number((await once(child, 'message'))[0])));
  const ms = performance.now() - startedAt;
  const total = done.reduce((sum, each) => sum + each, 0);
  if (total !== CHUNKS) throw new Error(`${total} of ${CHUNKS} chunks were done`);
  return ms;
}

async function fillQueue(place: string): Promise<void> {
  const database = await openPlace(place);
  const queue = new Queue(database, systemClock, new LocalSignals(), { leaseMs: 15_000, maxAttempts: 4 });
  const subject = 'as_aaaabbbbccccdddd';
  const label = { title: 'Film', policy: 'public', sourceName: 'film.mp4' } as const;
  await new AssetRepository(database, systemClock).create({ id: subject, ...label });
  const jobs = Array.from(
    { length: CHUNKS },
    (_, at): NewJob => ({
      kind: 'video',
      subject,
      lanes: LANES,
      firstSegment: at * SEGMENTS,
      endSegment: (at + 1) * SEGMENTS,
      payload: {},
      priority: 400,
    }),
  );
  await queue.add(jobs);
  await database.destroy();
}
