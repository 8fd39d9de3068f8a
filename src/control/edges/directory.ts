import type { EdgeReportRepository, KeptReport } from '../../database/edge-reports.ts';
import type { EdgeRepository } from '../../database/edges.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { EdgeReport } from '../../kernel/edge-feed/report.ts';
import { Fault } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { type FleetEdge, isEdgeUrl } from '../../kernel/steering/fleet.ts';
import { fleetEdgeOf, type Standing, standingOf } from './standing.ts';

export interface DirectoryParts {
  readonly edges: EdgeRepository;
  readonly reports: EdgeReportRepository;
  /** Says that edges must hear of something. */
  readonly noteChange: () => Promise<unknown>;
  /** Called when edges have said something new, and now and then. */
  readonly onNews: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Reports are kept together, not one by one: for other controls, and for the next start. */
const KEEP_MS = 3_000;
/** An edge whose connection broke may have another in a moment. */
const GRACE_MS = 1_500;
/** A process that has not been heard of for so long is no more. */
const FORGET_MS = 86_400_000;
/** More than any machine has use for. Each is remembered for a day, here and in the database. */
const MAX_PROCESSES = 256;

/**
 * The edges, as they last said they are. Reports to this control are known at once, those to another one within some
 * seconds, by the database.
 */
export class EdgeDirectory {
  readonly #parts: DirectoryParts;
  /** By edge and process. */
  readonly #heard = new Map<string, KeptReport>();
  readonly #unkept = new Map<string, KeptReport>();
  readonly #connections = new Map<string, number>();
  readonly #leftAtMs = new Map<string, number>();
  readonly #met = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #toldLoads = '';
  #told = '';

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
  }

  /** `onLoad` is called when there is nothing else that edges must hear than how much each has to do. */
  start(onLoad: () => void): void {
    this.#timer = setInterval(() => {
      this.#keeping = this.#keeping.then(() => this.#keep(onLoad));
    }, KEEP_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#keeping;
    await this.#keep(() => {});
  }

  /** `ip` is where the report came from. @throws Fault INVALID_REQUEST when the edge has too many processes */
  async take(edgeId: string, report: EdgeReport, ip: string): Promise<void> {
    if (!this.#met.has(edgeId)) {
      await this.#parts.edges.meet(edgeId, report.name || edgeId);
      this.#met.add(edgeId);
    }
    const key = `${edgeId} ${report.process}`;
    if (!this.#heard.has(key) && this.#processesOf(edgeId) >= MAX_PROCESSES) {
      throw new Fault('INVALID_REQUEST', { says: `An edge has at most ${MAX_PROCESSES} processes.` });
    }
    const url = reachable(report.url, ip);
    const kept = { edgeId, atMs: this.#parts.clock.now(), report: { ...report, url: isEdgeUrl(url) ? url : '' } };
    const before = JSON.stringify(this.#heard.get(key)?.report.configuration);
    this.#heard.set(key, kept);
    this.#unkept.set(key, kept);
    this.#leftAtMs.delete(edgeId);
    if (before !== JSON.stringify(report.configuration)) this.#parts.onNews();
  }

  /** An edge follows; the returned function says that it does no more. */
  joined(edgeId: string): () => void {
    this.#connections.set(edgeId, (this.#connections.get(edgeId) ?? 0) + 1);
    this.#leftAtMs.delete(edgeId);
    return () => {
      const left = (this.#connections.get(edgeId) ?? 1) - 1;
      if (left > 0) this.#connections.set(edgeId, left);
      else {
        this.#connections.delete(edgeId);
        this.#leftAtMs.set(edgeId, this.#parts.clock.now());
      }
    };
  }

  /** Oldest edge first. */
  async list(): Promise<Standing[]> {
    const { edges, reports, clock } = this.#parts;
    const now = clock.now();
    const [known, kept] = await Promise.all([edges.list(), reports.list()]);
    const newest = new Map(kept.map((each) => [`${each.edgeId} ${each.report.process}`, each]));
    for (const [key, each] of this.#heard) {
      if (each.atMs >= (newest.get(key)?.atMs ?? 0)) newest.set(key, each);
    }
    const byEdge = Map.groupBy(newest.values(), ({ edgeId }) => edgeId);
    return known.map((edge) => {
      const leftAtMs = this.#leftAtMs.get(edge.id);
      const isGone = leftAtMs !== undefined && now - leftAtMs > GRACE_MS;
      return standingOf(edge, byEdge.get(edge.id) ?? [], now, isGone ? leftAtMs : undefined);
    });
  }

  /** Those that viewers may be sent to, were they well. */
  async fleet(): Promise<FleetEdge[]> {
    return (await this.list()).map(fleetEdgeOf).filter((edge) => edge !== undefined);
  }

  #processesOf(edgeId: string): number {
    return [...this.#heard.values()].filter((each) => each.edgeId === edgeId).length;
  }

  #forget(beforeMs: number): void {
    for (const [key, { atMs }] of this.#heard) if (atMs < beforeMs) this.#heard.delete(key);
    for (const [edgeId, atMs] of this.#leftAtMs) if (atMs < beforeMs) this.#leftAtMs.delete(edgeId);
  }

  async #keep(onLoad: () => void): Promise<void> {
    const { reports, clock, log, noteChange } = this.#parts;
    this.#parts.onNews();
    this.#forget(clock.now() - FORGET_MS);
    const unkept = [...this.#unkept.values()];
    this.#unkept.clear();
    try {
      await reports.keep(unkept);
      await reports.forgetBefore(clock.now() - FORGET_MS);
      const fleet = await this.fleet();
      const [told, loads] = [JSON.stringify(fleet.map(withoutLoad)), JSON.stringify(fleet)];
      // Load comes and goes, and is no change of which an operator waits to see that all have it.
      if (told !== this.#told) await noteChange();
      else if (loads !== this.#toldLoads) onLoad();
      [this.#told, this.#toldLoads] = [told, loads];
    } catch (cause) {
      log.warn({ err: cause }, 'reports of edges could not be kept');
    }
  }
}

function withoutLoad({ load: _load, ...edge }: FleetEdge): Omit<FleetEdge, 'load'> {
  return edge;
}

const OWN = /^(https?:\/\/)(?:127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/** An edge that does not know its own address says how it calls itself; where it asks from is nearer to the truth. */
function reachable(url: string, ip: string): string {
  const [, scheme, port = ''] = OWN.exec(url) ?? [];
  const from = ip.replace(/^::ffff:/, '');
  if (scheme === undefined || from === '127.0.0.1' || from === '::1') return url;
  return `${scheme}${from.includes(':') ? `[${from}]` : from}${port}`;
}
