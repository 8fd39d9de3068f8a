import { CODINGS, type Coding } from '../kernel/http/coding.ts';
import type { Metrics } from './metrics.ts';

interface TierCounts {
  readonly hits: number;
  readonly hitBytes: number;
  readonly evicted: number;
}

interface DiskCounts extends TierCounts {
  readonly bytes: number;
  readonly writtenBytes: number;
  readonly dropped: number;
  readonly damaged: number;
}

interface OriginCounts {
  readonly name: string;
  readonly up: boolean;
  readonly circuit: keyof typeof CIRCUITS;
  readonly requests: number;
  readonly failures: number;
  readonly failovers: number;
}

interface CompressionCounts {
  readonly counts: Readonly<
    Record<Coding, { readonly done: number; readonly takenBytes: number; readonly madeBytes: number }>
  >;
  readonly refused: number;
  /** Running now. */
  readonly size: number;
}

interface ChannelCounts {
  readonly channels: number;
  readonly viewers: number;
  readonly queuedBytes: number;
  readonly droppedParts: number;
  readonly refused: number;
}

/** What an edge knows about itself at any moment; a part it does not have is undefined. */
export interface EdgeNumbers {
  readonly usage: Readonly<Record<'cachedBytes' | 'waiting' | 'connections' | 'tunnels', number>>;
  readonly tiers: { readonly memory: TierCounts; readonly disk: DiskCounts | undefined };
  readonly origins: readonly OriginCounts[];
  readonly compressions: CompressionCounts | undefined;
  readonly channels: ChannelCounts | undefined;
}

/** Puts an edge's own numbers on the page of metrics, where they are read anew each time it is printed. */
export function reportEdge(edge: EdgeNumbers, metrics: Metrics): void {
  metrics.gauge('edge_cache_bytes', () => edge.usage.cachedBytes);
  metrics.gauge('edge_connections', () => edge.usage.connections);
  metrics.gauge('edge_tunnels', () => edge.usage.tunnels);
  metrics.gauge('edge_live_waiting', () => edge.usage.waiting);
  reportTiers(edge, metrics);
  reportOrigins(edge, metrics);
  reportCompressions(edge, metrics);
  reportChannels(edge, metrics);
}

function reportTiers(edge: EdgeNumbers, metrics: Metrics): void {
  for (const tier of ['memory', 'disk'] as const) {
    if (!edge.tiers[tier]) continue;
    metrics.tally('edge_tier_hits', { tier }, () => edge.tiers[tier]?.hits ?? 0);
    metrics.tally('edge_tier_hit_bytes', { tier }, () => edge.tiers[tier]?.hitBytes ?? 0);
    metrics.tally('edge_tier_evictions', { tier }, () => edge.tiers[tier]?.evicted ?? 0);
  }
  if (!edge.tiers.disk) return;
  metrics.gauge('edge_disk_bytes', () => edge.tiers.disk?.bytes ?? 0);
  metrics.tally('edge_disk_written_bytes', {}, () => edge.tiers.disk?.writtenBytes ?? 0);
  metrics.tally('edge_disk_dropped', {}, () => edge.tiers.disk?.dropped ?? 0);
  metrics.tally('edge_disk_damaged', {}, () => edge.tiers.disk?.damaged ?? 0);
}

const CIRCUITS = { closed: 0, 'half-open': 1, open: 2 } as const;

function reportOrigins(edge: EdgeNumbers, metrics: Metrics): void {
  metrics.gauges('edge_origin_up', () => edge.origins.map(({ name: origin, up }) => [{ origin }, up ? 1 : 0]));
  metrics.gauges('edge_origin_circuit', () =>
    edge.origins.map(({ name: origin, circuit }) => [{ origin }, CIRCUITS[circuit]]),
  );
  const counts = {
    edge_origin_requests: 'requests',
    edge_origin_failures: 'failures',
    edge_origin_failovers: 'failovers',
  } as const;
  for (const name of Object.keys(counts) as (keyof typeof counts)[])
    metrics.tallies(name, () => edge.origins.map((report) => [{ origin: report.name }, report[counts[name]]]));
}

function reportCompressions({ compressions }: EdgeNumbers, metrics: Metrics): void {
  if (!compressions) return;
  for (const coding of CODINGS) {
    const counts = compressions.counts[coding];
    metrics.tally('edge_compressions', { coding }, () => counts.done);
    metrics.tally('edge_compression_in_bytes', { coding }, () => counts.takenBytes);
    metrics.tally('edge_compression_out_bytes', { coding }, () => counts.madeBytes);
  }
  metrics.tally('edge_compressions_refused', {}, () => compressions.refused);
  metrics.gauge('edge_compressions_running', () => compressions.size);
}

function reportChannels(edge: EdgeNumbers, metrics: Metrics): void {
  if (!edge.channels) return;
  metrics.gauge('edge_channels', () => edge.channels?.channels ?? 0);
  metrics.gauge('edge_channel_viewers', () => edge.channels?.viewers ?? 0);
  metrics.gauge('edge_channel_queued_bytes', () => edge.channels?.queuedBytes ?? 0);
  metrics.tally('edge_channel_dropped_parts', {}, () => edge.channels?.droppedParts ?? 0);
  metrics.tally('edge_channel_refused', {}, () => edge.channels?.refused ?? 0);
}
