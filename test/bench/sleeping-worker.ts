/**
 * A worker whose encoder sleeps: `node sleeping-worker.ts DATABASE SLEEP_MS`, the database being a folder or a URL. It
 * leases chunks from the real queue, sleeps, records their segments as published and completes them, until none is left;
 * then says how many it did.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AssetRepository } from '../../src/database/assets.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { Queue } from '../../src/queue/queue.ts';
import { LocalSignals } from '../../src/queue/signals.ts';
import { openPlace } from './place.ts';

const [place = '', sleepMs = ''] = process.argv.slice(2);
const database = await openPlace(place);
const assets = new AssetRepository(database, systemClock);
const queue = new Queue(database, systemClock, new LocalSignals(), { leaseMs: 15_000, maxAttempts: 4 });
process.send?.('ready');
await new Promise((go) => process.once('message', go));

let done = 0;
for (;;) {
  const job = await queue.lease(`sleeper-${process.pid}`, ['video']);
  if (!job) break;
  await sleep(Number(sleepMs));
  for (const rendition of job.lanes) {
    for (let segment = job.firstSegment; segment < job.endSegment; segment += 1) {
      await assets.segmentPublished(job.subject, 1, { rendition, segment, bytes: 1 });
    }
  }
  await queue.complete(job);
  done += 1;
}
process.send?.(done);
process.disconnect?.();
await database.destroy();
