import { Fault } from '../../kernel/errors.ts';
import { fits, resourceOf, type Subject, scopeOf, type Target } from './target.ts';

/**
 * Bans: what has been invalidated and not yet looked for everywhere. Each has a number, and whatever is stored remembers up
 * to which number it was held against them: a hit compares two numbers, and only what is older than the newest ban is held
 * against those it does not know. What a fill brings counts as old as the fill's beginning. When everything stored has been
 * looked at and no fill is older, a ban is finished and forgotten.
 */
export interface Ban {
  readonly sequence: number;
  readonly target: Target;
  /** Makes stale what it covers, instead of taking it away. */
  readonly soft: boolean;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

/** All that is known, for those who go on with it: which numbering it is, and up to which number bans are finished. */
export interface Known {
  readonly lineage: string;
  readonly floor: number;
  /** The newest number given, or more. */
  readonly sequence: number;
  /** Not finished, in the order of their numbers. */
  readonly bans: readonly Ban[];
}

/** Something stored that may be banned. */
export interface Bannable extends Subject {
  /** The number of the last ban that it has been held against. */
  readonly checked: number;
}

export type Ruling = 'stands' | 'gone' | { readonly staleFromMs: number };

/** The bans of one target. A hard one makes every older one worthless, a soft one every older soft one. */
interface Pair {
  readonly target: Target;
  hard: Ban | undefined;
  soft: Ban | undefined;
}

/**
 * Numbers left out by who goes on with a numbering: the last ones that were given may not have been written down, and what
 * was stored under them must not pass for newer than the bans to come.
 */
const GAP = 65_536;

/** Targets that wait to be swept; each costs its text. */
const MAX_TARGETS = 4_096;
/** Each is compared with whatever is older than it; other targets are looked up. */
const MAX_PATTERNS = 256;

export class BanList {
  /** The number of the newest ban. Read at every hit. */
  sequence = 0;
  /** Names the numbering: numbers of another one mean nothing here. */
  lineage = '';
  /** Up to this number bans are finished, and what has not been held against them cannot be any more. */
  #floor = 0;
  readonly #pairs = new Map<string, Pair>();
  readonly #patterns = new Set<Pair>();
  /** How many fills began under a number; the oldest number first. */
  readonly #asking = new Map<number, number>();

  get floor(): number {
    return this.#floor;
  }

  get known(): Known {
    const bans = [...this.#pairs.values()].flatMap(({ hard, soft }) => [hard, soft]).filter((ban) => ban !== undefined);
    bans.sort((one, other) => one.sequence - other.sequence);
    return { lineage: this.lineage, floor: this.#floor, sequence: this.sequence, bans };
  }

  /** How many wait to be finished. */
  get pending(): number {
    return this.#pairs.size;
  }

  /** Goes on where an earlier process stopped. */
  restore({ lineage, floor, sequence, bans }: Known): void {
    this.lineage = lineage;
    this.#floor = floor;
    this.#pairs.clear();
    this.#patterns.clear();
    for (const ban of bans) this.#take(ban);
    this.sequence = Math.max(this.sequence, sequence, floor) + GAP;
  }

  /** In force when this returns. @throws Fault INVALIDATIONS_PENDING when there are too many; none is taken then */
  add(targets: readonly Target[], soft: boolean, atMs: number): Ban[] {
    const fresh = targets.filter(({ text }) => !this.#pairs.has(text));
    const patterns = fresh.filter(({ kind }) => kind === 'pattern').length;
    const tooMany = this.#pairs.size + fresh.length > MAX_TARGETS || this.#patterns.size + patterns > MAX_PATTERNS;
    if (tooMany && !targets.some(({ kind }) => kind === 'all')) throw new Fault('INVALIDATIONS_PENDING');
    return targets.map((target) => {
      const ban = { sequence: this.sequence + 1, target, soft, atMs };
      this.#take(ban);
      return ban;
    });
  }

  /** What has become of something since it was last held against the bans. Of several soft ones the latest counts. */
  judge(stored: Bannable): Ruling {
    const { checked } = stored;
    if (checked < this.#floor) return 'gone';
    let latest: Ban | undefined;
    for (const { hard, soft } of this.#concerning(stored)) {
      if (hard && hard.sequence > checked) return 'gone';
      if (soft && soft.sequence > Math.max(checked, latest?.sequence ?? 0)) latest = soft;
    }
    return latest ? { staleFromMs: latest.atMs } : 'stands';
  }

  /** A question goes out; returns the number its answer is as old as, to be handed back with `end`. */
  begin(): number {
    this.#asking.set(this.sequence, (this.#asking.get(this.sequence) ?? 0) + 1);
    return this.sequence;
  }

  end(began: number): void {
    const left = (this.#asking.get(began) ?? 1) - 1;
    if (left === 0) this.#asking.delete(began);
    else this.#asking.set(began, left);
  }

  /** The number up to which bans could be forgotten once all that is stored has been held against them up to `swept`. */
  finishable(swept: number): number {
    const [oldest = swept] = this.#asking.keys();
    return Math.min(swept, oldest);
  }

  /** Forgets bans. Everything stored must have been held against them, and what is on its way must be newer. */
  finish(upTo: number): void {
    this.#floor = Math.max(this.#floor, upTo);
    for (const pair of this.#pairs.values()) {
      if (pair.hard && pair.hard.sequence <= upTo) pair.hard = undefined;
      if (pair.soft && pair.soft.sequence <= upTo) pair.soft = undefined;
      this.#dropEmpty(pair);
    }
  }

  #take(ban: Ban): void {
    const { target, soft, sequence } = ban;
    this.sequence = sequence;
    if (target.kind === 'all') this.#outdo(soft);
    const pair = this.#pairs.get(target.text) ?? { target, hard: undefined, soft: undefined };
    this.#pairs.set(target.text, pair);
    if (target.kind === 'pattern') this.#patterns.add(pair);
    pair.soft = soft ? ban : undefined;
    if (!soft) pair.hard = ban;
  }

  /** What covers everything leaves nothing to do for what came before it. */
  #outdo(soft: boolean): void {
    for (const pair of this.#pairs.values()) {
      pair.soft = undefined;
      if (!soft) pair.hard = undefined;
      this.#dropEmpty(pair);
    }
  }

  #dropEmpty(pair: Pair): void {
    if (pair.hard || pair.soft) return;
    this.#pairs.delete(pair.target.text);
    this.#patterns.delete(pair);
  }

  *#concerning({ key, tags, checked }: Bannable): Iterable<Pair> {
    const resource = resourceOf(key);
    const scope = tags.length > 0 ? scopeOf(key) : '';
    for (const text of ['/*', resource, ...tags.map((tag) => `${scope}#${tag}`)]) {
      const pair = this.#pairs.get(text);
      if (pair) yield pair;
    }
    for (const pair of this.#patterns) {
      const isNew = Math.max(pair.hard?.sequence ?? 0, pair.soft?.sequence ?? 0) > checked;
      if (isNew && pair.target.kind === 'pattern' && fits(pair.target.pieces, resource)) yield pair;
    }
  }
}
