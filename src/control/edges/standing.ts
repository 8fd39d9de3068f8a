import type { KeptReport } from '../../database/edge-reports.ts';
import type { KnownEdge } from '../../database/edges.ts';
import type { EdgeLoad, EdgeReport, ReportedConfiguration } from '../../kernel/edge-feed/report.ts';
import { type EdgeLocation, type FleetEdge, isEdgeUrl } from '../../kernel/steering/fleet.ts';

/** An edge, and what its processes said last, as one. */
export interface Standing {
  readonly edge: KnownEdge;
  readonly state: 'connected' | 'away';
  /** Undefined for one that has enrolled and was not heard of since. */
  readonly last?: {
    readonly atMs: number;
    readonly processes: number;
    readonly version: string;
    readonly url: string;
    readonly location?: EdgeLocation;
    readonly configuration: ReportedConfiguration;
    readonly load: EdgeLoad;
    readonly origins: EdgeReport['origins'];
    readonly clockAheadMs: number;
  };
}

/** Three reports that did not come. */
export const AWAY_MS = 10_000;

/** @param leftAtMs when its last connection broke, unless there is another since */
export function standingOf(
  edge: KnownEdge,
  reports: readonly KeptReport[],
  nowMs: number,
  leftAtMs?: number,
): Standing {
  const atMs = Math.max(...reports.map((each) => each.atMs));
  // Those of processes that are no more are as old as their end.
  const recent = reports.filter((each) => atMs - each.atMs < AWAY_MS).map(({ report }) => report);
  const [first] = recent;
  if (!first) return { edge, state: 'away' };
  const isAway = nowMs - atMs > AWAY_MS || (leftAtMs !== undefined && leftAtMs >= atMs);
  const { name: _name, process: _process, ...said } = first;
  return {
    edge,
    state: isAway ? 'away' : 'connected',
    last: {
      ...said,
      atMs,
      processes: recent.length,
      configuration: leastOf(recent.map(({ configuration }) => configuration)),
      load: sumOf(recent.map(({ load }) => load)),
      origins: first.origins.map(({ name }) => ({
        name,
        up: recent.every(({ origins }) => origins.find((each) => each.name === name)?.up ?? false),
      })),
    },
  };
}

/** An edge has what all of its processes have. */
function leastOf(all: readonly ReportedConfiguration[]): ReportedConfiguration {
  const refused = all.find((each) => each.refused)?.refused;
  const names = new Set(all.flatMap(({ logs }) => Object.keys(logs)));
  return {
    revision: Math.min(...all.map(({ revision }) => revision)),
    ...(refused ? { refused } : {}),
    logs: Object.fromEntries([...names].map((name) => [name, Math.min(...all.map(({ logs }) => logs[name] ?? 0))])),
  };
}

function sumOf(all: readonly EdgeLoad[]): EdgeLoad {
  const sum = (name: keyof EdgeLoad) => all.reduce((total, load) => total + load[name], 0);
  const requests = sum('requestsPerSecond');
  const hits = all.reduce((total, load) => total + load.hitRatio * load.requestsPerSecond, 0);
  return {
    requestsPerSecond: requests,
    bytesPerSecond: sum('bytesPerSecond'),
    connections: sum('connections'),
    cachedBytes: sum('cachedBytes'),
    hitRatio: requests === 0 ? 0 : Math.round((hits / requests) * 1000) / 1000,
    busy: Math.round((sum('busy') / all.length) * 1000) / 1000,
  };
}

/** What was said here counts before what the edge says of itself. */
export function locationOf({ edge, last }: Standing): EdgeLocation | undefined {
  return edge.location ?? last?.location;
}

/** So many steps of load are told apart, so that a fleet does not hear of every breath of each. */
const LOAD_STEPS = 4;

/** As viewers may be sent to it; undefined for one of which nobody knows where viewers reach it. */
export function fleetEdgeOf(standing: Standing): FleetEdge | undefined {
  const { edge, state, last } = standing;
  const location = locationOf(standing);
  if (!last || !isEdgeUrl(last.url)) return undefined;
  return {
    id: edge.id,
    url: last.url,
    ...(location ? { location } : {}),
    healthy: state === 'connected',
    draining: edge.draining,
    // To the nearest step: one that is nearly all at work is full.
    load: Math.round(last.load.busy * LOAD_STEPS) / LOAD_STEPS,
  };
}
