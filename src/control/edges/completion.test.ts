import { beforeEach, expect, test } from 'vitest';
import type { Invalidation } from '../../database/invalidations.ts';
import { silentLog } from '../../kernel/log.ts';
import { InvalidationCompletion } from './completion.ts';
import { AWAY_MS, type Standing } from './standing.ts';

const STARTED_MS = 1_000_000;

let nowMs: number;
let pending: Invalidation[];
let edges: Standing[];
let completed: string[];
let completion: InvalidationCompletion;

beforeEach(() => {
  [nowMs, pending, edges, completed] = [STARTED_MS, [], [], []];
  completion = new InvalidationCompletion({
    invalidations: {
      pending: async () => pending,
      complete: async (id) => void completed.push(id),
    },
    directory: { list: async () => edges },
    clock: { now: () => nowMs },
    log: silentLog,
  });
});

function invalidation(sequence: number, createdAtMs: number): Invalidation {
  return { id: `inv_${sequence}`, sequence, distributionId: 'd', paths: ['/*'], soft: false, createdAtMs };
}

function edge(state: Standing['state'], invalidations: number): Standing {
  return { state, last: { configuration: { revision: 1, logs: { invalidations } } } } as unknown as Standing;
}

async function completedAt(atMs: number): Promise<string[]> {
  nowMs = atMs;
  completion.check();
  await completion.idle();
  return completed;
}

test('what every connected edge has carried out is completed at once', async () => {
  pending = [invalidation(1, STARTED_MS), invalidation(2, STARTED_MS)];
  edges = [edge('connected', 2), edge('connected', 1), edge('away', 0)];
  expect(await completedAt(STARTED_MS)).toEqual(['inv_1']);
});

test('a control that has just started completes nothing while no edge has come back, however old it is', async () => {
  pending = [invalidation(1, STARTED_MS - 60_000)];
  edges = [edge('away', 0)];
  expect(await completedAt(STARTED_MS + AWAY_MS)).toEqual([]);
  expect(await completedAt(STARTED_MS + AWAY_MS + 1)).toEqual(['inv_1']);
});

test('with no edge connected, only what is older than an edge may be silent is completed', async () => {
  const longAfterMs = STARTED_MS + 3_600_000;
  pending = [invalidation(1, longAfterMs - AWAY_MS - 1), invalidation(2, longAfterMs - AWAY_MS)];
  expect(await completedAt(longAfterMs)).toEqual(['inv_1']);
});
