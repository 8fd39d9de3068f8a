/**
 * Workers whose encoders sleep, in one process: `node sleeping-worker.ts DATABASE SLEEP_MS WORKERS`, the database being a
 * folder or a URL. Each leases chunks from the real queue, sleeps, records their segments as published and completes
 * them, until none is left; then the process says how many were done.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AssetRepository } from '../../src/database/assets.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { Queue } from '../../src/queue/queue.ts';
import { LocalSignals } from '../../src/queue/signals.ts';
import { openPlace } from './place.ts';

const [place = '', sleepMs = '', workers = ''] = process.argv.slice(2);
const database = await openPlace(place);
const assets = new AssetRepository(database, systemClock);
const queue = new Queue(database, systemClock, new LocalSignals(), { leaseMs: 15_000, maxAttempts: 4 });
process.send?.('ready');
await new Promise((go) => process.once('message', go));

const done = await Promise.all(
  Array.from({ length: Number(workers) }, (_, at) => workAs(`sleeper-${process.pid}-${at}`)),
);
process.send?.(done.reduce((sum, each) => sum + each, 0));
process.disconnect?.();
await database.destroy();

async function workAs(worker: string): Promise<number> {
  for (let done = 0; ; done += 1) {
    const job = await queue.lease(worker, ['video']);
    if (!job) return done;
    await sleep(Number(sleepMs));
    for (const rendition of job.lanes) {
      for (let segment = job.firstSegment; segment < job.endSegment; segment += 1) {
        await assets.segmentPublished(job.subject, 1, { rendition, segment, bytes: 1 });
      }
    }
    await queue.complete(job);
  }
}
