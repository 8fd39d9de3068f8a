import type { FeedMark } from '../../database/edge-feed.ts';
import type { FeedPosition } from '../../kernel/edge-feed/message.ts';
import type { Log } from '../../kernel/log.ts';
import { EDGE_CONFIG, type Signals } from '../../queue/signals.ts';
import { isLog, type LogSection, type Section, type StateSection } from './sections.ts';

export interface BoardParts {
  readonly sections: readonly Section[];
  readonly mark: () => Promise<FeedMark>;
  readonly signals: Signals;
  readonly log: Log;
}

/** Signals may be lost between processes; one row is looked at so often, whatever the number of edges. */
const LOOK_AGAIN_MS = 500;
/** While somebody changes one thing after the other, what was read is shown all the same. */
const MAX_READS = 3;

const MAX_SLICES = 100;

/** All that edges are told, as of one mark. States are kept as the text that goes out. */
interface Snapshot extends FeedMark {
  readonly states: ReadonlyMap<string, { readonly version: string; readonly text: string }>;
  /** By section and position, since edges that follow are at the same. */
  readonly slices: Map<string, Promise<LogSlice>>;
  /** How far each log goes, once somebody has asked: who is there need not ask the database. */
  readonly ends: Map<string, number>;
}

interface LogSlice {
  readonly upTo: number;
  readonly text: string;
}

/** What an edge is sent, and what it has then. */
export interface Notice {
  readonly revision: number;
  readonly text: string;
  readonly position: FeedPosition;
}

/**
 * What edges are told, read once for all of them: when something signals a change, or the mark in the database has moved. Who
 * follows is woken and asks for what differs from what it has. Sleeps while nobody follows.
 */
export class Board {
  readonly #parts: BoardParts;
  readonly #states: readonly StateSection[];
  readonly #logs: readonly LogSection[];
  readonly #followers = new Set<() => void>();
  #snapshot: Snapshot | undefined;
  #reading: Promise<Snapshot> | undefined;
  #stop: AbortController | undefined;
  #ailing = false;
  #mustRead = false;

  constructor(parts: BoardParts) {
    this.#parts = parts;
    this.#states = parts.sections.filter((section): section is StateSection => !isLog(section));
    this.#logs = parts.sections.filter(isLog);
  }

  /** `wake` is called whenever there may be something new, until the returned function is. */
  follow(wake: () => void): () => void {
    this.#followers.add(wake);
    if (!this.#stop) void this.#keepLooking();
    return () => {
      this.#followers.delete(wake);
      if (this.#followers.size === 0) this.#rest();
    };
  }

  /** What there is for who has this. @throws what the database throws when nothing was ever read */
  async noticeFor(position: FeedPosition, nowMs: number, beatMs: number): Promise<Notice> {
    const snapshot = this.#snapshot ?? (await this.#look());
    const { lineage, revision } = snapshot;
    const known = position.lineage === lineage;
    const states = { ...position.states };
    const logs: Record<string, number> = known ? { ...position.logs } : {};
    const texts: string[] = [];
    for (const [name, { version, text }] of snapshot.states) {
      if (states[name] === version || position.refused[name] === version) continue;
      states[name] = version;
      texts.push(`${JSON.stringify(name)}:${text}`);
    }
    for (const section of this.#logs) {
      if (logs[section.name] !== undefined && logs[section.name] === snapshot.ends.get(section.name)) continue;
      const { upTo, text } = await this.#slice(snapshot, section, logs[section.name]);
      snapshot.ends.set(section.name, Math.max(upTo, snapshot.ends.get(section.name) ?? 0));
      if (logs[section.name] === upTo) continue;
      logs[section.name] = upTo;
      texts.push(`${JSON.stringify(section.name)}:${text}`);
    }
    const head = JSON.stringify({ lineage, revision, nowMs, beatMs }).slice(0, -1);
    return {
      revision,
      text: `${head},"sections":{${texts.join(',')}}}\n`,
      position: { lineage, states, logs, refused: position.refused },
    };
  }

  /** Looks whether there is something newer than what was read last. @throws what the database throws when nothing was */
  async refresh(): Promise<void> {
    try {
      await this.#look();
    } catch (cause) {
      if (!this.#snapshot) throw cause;
    }
  }

  /** Has the sections read at the next look though the mark may stand: of some changes it is not moved. */
  rereads(): void {
    this.#mustRead = true;
  }

  stop(): void {
    this.#followers.clear();
    this.#rest();
  }

  #rest(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    // Whoever follows next gets what there is then.
    this.#snapshot = undefined;
  }

  async #keepLooking(): Promise<void> {
    const { signals, log } = this.#parts;
    const stop = new AbortController();
    this.#stop = stop;
    while (!stop.signal.aborted) {
      // Listening starts before the look, so that a change in between is not missed.
      const changed = signals.next(EDGE_CONFIG, LOOK_AGAIN_MS, stop.signal);
      try {
        await this.#look();
        this.#ailing = false;
      } catch (cause) {
        if (!this.#ailing && !stop.signal.aborted) log.error({ err: cause }, 'what edges must know cannot be read');
        this.#ailing = true;
      }
      await changed;
    }
  }

  /** Those who come while it is being looked at wait for the same look. */
  #look(): Promise<Snapshot> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<Snapshot> {
    let mark = await this.#parts.mark();
    if (this.#snapshot && !this.#mustRead && isSame(mark, this.#snapshot)) return this.#snapshot;
    this.#mustRead = false;
    for (let reads = 1; ; reads += 1) {
      const states = new Map(await Promise.all(this.#states.map(readState)));
      const after = await this.#parts.mark();
      if (reads === MAX_READS || isSame(after, mark)) {
        this.#snapshot = { ...mark, states, slices: new Map(), ends: new Map() };
        for (const wake of this.#followers) wake();
        return this.#snapshot;
      }
      mark = after;
    }
  }

  #slice({ slices }: Snapshot, section: LogSection, after: number | undefined): Promise<LogSlice> {
    const key = `${section.name} ${after}`;
    const known = slices.get(key);
    if (known) return known;
    // Edges are at few positions; who names many others reads for himself.
    if (slices.size >= MAX_SLICES) slices.clear();
    const slice = readSlice(section, after);
    slices.set(key, slice);
    slice.catch(() => slices.delete(key));
    return slice;
  }
}

async function readState(section: StateSection): Promise<[string, { version: string; text: string }]> {
  const { version, value } = await section.read();
  return [section.name, { version, text: JSON.stringify({ version, value }) }];
}

async function readSlice(section: LogSection, after: number | undefined): Promise<LogSlice> {
  const { whole, upTo, entries } = await section.after(after);
  return { upTo, text: JSON.stringify({ after: whole ? null : (after ?? null), upTo, entries }) };
}

function isSame(mark: FeedMark, other: FeedMark): boolean {
  return mark.revision === other.revision && mark.lineage === other.lineage;
}
