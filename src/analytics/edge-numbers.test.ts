import { expect, test } from 'vitest';
import { type EdgeNumbers, reportEdge } from './edge-numbers.ts';
import { Metrics } from './metrics.ts';

const memory = { hits: 3, hitBytes: 300, evicted: 1 };
const origin = { name: 'a:1', up: true, circuit: 'half-open', requests: 4, failures: 1, failovers: 0 } as const;
const bare: EdgeNumbers = {
  usage: { cachedBytes: 10, waiting: 2, connections: 5, tunnels: 1 },
  tiers: { memory, disk: undefined },
  origins: [origin],
  compressions: undefined,
  channels: undefined,
};
const pageOf = (edge: EdgeNumbers) => {
  const metrics = new Metrics();
  reportEdge(edge, metrics);
  return metrics.text();
};

test('an edge without disk, compression and channels has no numbers of them', async () => {
  const page = await pageOf(bare);
  expect(page).toContain('frontrow_edge_tier_hits_total{tier="memory"} 3');
  expect(page).toContain('frontrow_edge_live_waiting 2');
  expect(page).toContain('frontrow_edge_origin_circuit{origin="a:1"} 1');
  expect(page).not.toMatch(/tier="disk"|^frontrow_edge_compressions_running [0-9]|^frontrow_edge_channels [0-9]/m);
});

test('all that an edge has stands on the page', async () => {
  const done = { done: 2, takenBytes: 100, madeBytes: 40 };
  const page = await pageOf({
    ...bare,
    tiers: { memory, disk: { ...memory, bytes: 7, writtenBytes: 70, dropped: 6, damaged: 5 } },
    compressions: { counts: { br: done, zstd: done, gzip: done }, refused: 8, size: 1 },
    channels: { channels: 1, viewers: 20, queuedBytes: 30, droppedParts: 40, refused: 50 },
  });
  for (const line of [
    'edge_disk_damaged_total 5',
    'edge_compression_out_bytes_total{coding="zstd"} 40',
    'edge_compressions_running 1',
    'edge_channel_viewers 20',
    'edge_channel_dropped_parts_total 40',
  ])
    expect(page).toContain(`frontrow_${line}\n`);
});
