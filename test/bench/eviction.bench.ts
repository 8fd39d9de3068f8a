import { Eviction } from '../../src/edge/cache/eviction.ts';
import { S3Fifo } from '../../src/edge/cache/s3-fifo.ts';
import { Belady } from './eviction/belady.ts';
import { Lru } from './eviction/lru.ts';
import { Sieve } from './eviction/sieve.ts';
import { EvictingCache, type Ratios, ratiosOf, type SimulatedCache } from './eviction/simulated-cache.ts';
import { footprintBytes, loop, media, type Trace, zipfWithFloods } from './eviction/traces.ts';
import { WTinyLfu } from './eviction/w-tinylfu.ts';
import type { Table } from './measure.ts';

const SHARES = [0.01, 0.05, 0.1];

interface Contender {
  readonly name: string;
  readonly make: (limitBytes: number, trace: Trace) => SimulatedCache;
}

const CONTENDERS: readonly Contender[] = [
  { name: 'LRU', make: (limit) => new EvictingCache(limit, new Lru()) },
  { name: 'SIEVE', make: (limit) => new EvictingCache(limit, new Sieve()) },
  {
    name: 'W-TinyLFU',
    make: (limit, { accesses }) => {
      const meanBytes = accesses.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / accesses.length;
      return new EvictingCache(limit, new WTinyLfu(limit, Math.ceil(limit / meanBytes)));
    },
  },
  { name: 'S3-FIFO', make: (limit) => new EvictingCache(limit, new S3Fifo()) },
  { name: 'S3-FIFO, sheltered (ours)', make: (limit) => new EvictingCache(limit, new Eviction()) },
  { name: 'Belady', make: (limit, { accesses }) => new Belady(accesses, limit) },
  { name: 'Belady, by size', make: (limit, { accesses }) => new Belady(accesses, limit, true) },
];

/** Hit ratios of what decides who leaves, on traces, beside the optimum that knows the future. */
export async function benchEviction(): Promise<Table[]> {
  return [zipfWithFloods(), media(), loop()].map(tableOf);
}

function tableOf(trace: Trace): Table {
  process.stderr.write(`eviction: ${trace.name}\n`);
  const footprint = footprintBytes(trace);
  const rows = CONTENDERS.map(({ name, make }) => [
    name,
    ...SHARES.flatMap((share) => cells(ratiosOf(trace.accesses, make(Math.floor(footprint * share), trace)))),
  ]);
  const head = SHARES.flatMap((share) => [`${share * 100} %: objects`, 'bytes', 'openings']);
  const size = `${trace.accesses.length} requests, ${(footprint / 1e9).toFixed(1)} GB`;
  return { title: `Hit ratios in %: ${trace.name} (${size})`, head: ['cache of', ...head], rows };
}

function cells({ objects, bytes, opening }: Ratios): string[] {
  return [objects, bytes, opening].map((ratio) => (Number.isNaN(ratio) ? '-' : (ratio * 100).toFixed(1)));
}
