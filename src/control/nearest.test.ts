import { expect, test } from 'vitest';
import { silentLog } from '../kernel/log.ts';
import type { FleetEdge } from '../kernel/steering/fleet.ts';
import { Nearest } from './nearest.ts';

const EDGE: FleetEdge = { id: 'ed_a', url: 'https://a.example', healthy: true, draining: false, load: 0 };

function nearest(edges: () => Promise<readonly FleetEdge[]>) {
  const clock = { ms: 0 };
  const parts = { edges, only: () => 'https://only.example', now: () => clock.ms, log: silentLog };
  return { clock, nearest: new Nearest({ ...parts, places: { load: async () => {}, find: () => undefined } }) };
}

test('the list is asked for once a second, however many viewers come', async () => {
  let asked = 0;
  const it = nearest(async () => {
    asked += 1;
    return [EDGE];
  });
  await Promise.all(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((ip) => it.nearest.urlFor(ip)));
  expect(asked).toBe(1);
  it.clock.ms = 1_000;
  expect(await it.nearest.urlFor('192.0.2.1')).toBe('https://a.example');
  expect(asked).toBe(2);
});

test('while the list cannot be read, the last one stands', async () => {
  let isAway = true;
  const it = nearest(async () => {
    if (isAway) throw new Error('database away');
    return [EDGE];
  });
  expect(await it.nearest.urlFor('192.0.2.1')).toBe('https://only.example');
  isAway = false;
  it.clock.ms = 1_000;
  expect(await it.nearest.urlFor('192.0.2.1')).toBe('https://a.example');
  isAway = true;
  it.clock.ms = 2_000;
  expect(await it.nearest.urlFor('192.0.2.1')).toBe('https://a.example');
});

test('a viewer comes back to the same edge, and viewers are spread over those that are equally near', async () => {
  const edges = ['a', 'b', 'c'].map((id) => ({ ...EDGE, id, url: `https://${id}.example` }));
  const it = nearest(async () => edges);
  const urls = await Promise.all(Array.from({ length: 60 }, (_, at) => it.nearest.urlFor(`192.0.2.${at}`)));
  expect(new Set(urls).size).toBe(3);
  expect(await it.nearest.urlFor('192.0.2.7')).toBe(urls[7]);
});
