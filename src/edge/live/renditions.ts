import { LRUCache } from 'lru-cache';
import type { Directives } from '../../kernel/live/directives.ts';
import { readOutlook } from '../../kernel/live/outlook.ts';
import { parseLivePath } from '../../kernel/live/paths.ts';
import { type Awaited, foresee, isPublished, type Progress } from '../../kernel/live/reload.ts';

/** More than anybody watches at one edge. */
const MAX_RENDITIONS = 4_096;
/** An origin holds a request for three target durations and then says so; that has to reach the edge. RFC 8216bis 6.2.5.2. */
const HELD_TARGETS = 3;
const GRACE_MS = 2_000;

/** A playlist that arrived. */
interface Seen {
  readonly key: string;
  /** By the clock that only goes on. */
  readonly atMs: number;
  readonly targetSeconds: number;
  readonly progress: Progress | undefined;
}

/** The playlists of a rendition that arrived last: one that says everything, and one that leaves out what players have. */
interface Known {
  readonly newest: Seen;
  readonly whole?: Seen;
  readonly delta?: Seen;
}

/** What a reload comes to: too much to ask, or a state by its own name, and playlists in hand that have it, if any. */
export type Outcome = 'too-far-ahead' | { readonly state: Directives; readonly inHand: readonly string[] };

/** What is known of renditions by the playlists of theirs that passed by. */
export class Renditions {
  readonly #maxHoldMs: number;
  /** By folder. */
  readonly #known = new LRUCache<string, Known>({ max: MAX_RENDITIONS });

  constructor(maxHoldMs: number) {
    this.#maxHoldMs = maxHoldMs;
  }

  /** How long an answer to this path may be waited for. */
  holdMs(path: string): number {
    const target = this.#known.get(renditionOf(path))?.newest.targetSeconds;
    return target === undefined ? this.#maxHoldMs : Math.min(this.#maxHoldMs, target * HELD_TARGETS * 1000 + GRACE_MS);
  }

  /** Takes in a playlist as it arrived, and gives the paths that it hints: of this very rendition, and nothing else. */
  learn(key: string, body: Buffer, steadyMs: number): string[] {
    const folder = renditionOf(key);
    const outlook = readOutlook(body, folder);
    if (!outlook) return [];
    const { targetSeconds, hints, progress } = outlook;
    const seen = { key, atMs: steadyMs, targetSeconds, progress };
    this.#known.set(folder, { ...this.#known.get(folder), newest: seen, [isDelta(key) ? 'delta' : 'whole']: seen });
    return hints.filter(isMedia);
  }

  /** What a reload of the playlist at a path comes to; undefined where nothing is known. */
  foresee(path: string, { msn, part, skip }: Directives, steadyMs: number): Outcome | undefined {
    const known = this.#known.get(renditionOf(path));
    if (!known?.newest.progress || msn === undefined) return undefined;
    const asked = { sequence: msn, ...(part === undefined ? {} : { part }) };
    const foreseen = foresee(asked, known.newest.progress, agedTargets(known.newest, steadyMs));
    if (foreseen === 'too-far-ahead') return foreseen;
    const has = (seen: Seen | undefined) => (seen && isInHand(foreseen, seen, steadyMs) ? [seen.key] : []);
    return { state: stateOf(foreseen, skip), inHand: [...(skip ? has(known.delta) : []), ...has(known.whole)] };
  }

  /** The keys of the newest playlists that may stand for the one at a key, the better one first. */
  newestFor(key: string): string[] {
    const { whole, delta } = this.#known.get(renditionOf(key)) ?? {};
    return [...(isDelta(key) && delta ? [delta.key] : []), ...(whole ? [whole.key] : [])];
  }
}

/** Whether a playlist has what is waited for, and is new enough to stand for another. */
function isInHand(until: Awaited, seen: Seen, steadyMs: number): boolean {
  return seen.progress !== undefined && isPublished(until, seen.progress) && agedTargets(seen, steadyMs) <= 1;
}

/** How long ago it arrived, in target durations. */
function agedTargets({ atMs, targetSeconds }: Seen, steadyMs: number): number {
  return (steadyMs - atMs) / 1000 / Math.max(1, targetSeconds);
}

function stateOf({ sequence, part }: Awaited, skip: Directives['skip']): Directives {
  return { msn: sequence, ...(part === undefined ? {} : { part }), ...(skip ? { skip } : {}) };
}

/** The folder of a rendition: all that is of it goes to the same parent, too. */
export function renditionOf(path: string): string {
  return RENDITION.exec(path)?.[0] ?? path;
}

const RENDITION = /^\/live\/[^/]+\/b\d+\/[^/]+\//;

function isDelta(key: string): boolean {
  return key.includes('_HLS_skip=');
}

/** Paths that read as one of ours have no way up, so they are below the folder they were written behind. */
function isMedia(path: string): boolean {
  const kind = parseLivePath(path)?.kind;
  return kind === 'part' || kind === 'init';
}
