import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { LiveEdges } from '../harness/live-edges.ts';
import { LivePlayer } from '../harness/live-player.ts';

const CUT_MS = 10_000;
const PART_MS = 500;

let edges: LiveEdges;
afterEach(() => edges.stop());

test.each([
  ['whose line breaks', 'cut'],
  ['whose line falls silent', 'silence'],
] as const)('an edge %s for ten seconds costs a viewer those, and nothing of what came meanwhile', async (_, fault) => {
  edges = await LiveEdges.start();
  const line = await edges.line();
  const edge = await edges.edge({}, { originUrl: line.url });
  edges.publish(PART_MS);
  const viewer = new LivePlayer(edge);
  edges.onStop(() => viewer.stop());
  await expect.poll(() => viewer.fetched.has(edges.live.place.msn - 1) && viewer.gaps, { timeout: 20_000 }).toEqual([]);
  const cutAtMs = Date.now();
  line[fault]();
  await pause(CUT_MS);
  const newest = edges.live.place.msn;
  // The last that it heard was what had been on its way.
  expect(viewer.newsAtMs - cutAtMs).toBeLessThan(4 * PART_MS);
  line.mend();
  const mendedAtMs = Date.now();
  await expect.poll(() => viewer.fetched.has(newest), { timeout: 20_000 }).toBe(true);
  // Not as long again as it was cut off.
  expect(Date.now() - mendedAtMs).toBeLessThan(6_000);
  await expect.poll(() => viewer.fetched.has(newest + 2), { timeout: 20_000 }).toBe(true);
  expect(viewer.gaps).toEqual([]);
  expect(viewer.troubles).toEqual([]);
});
