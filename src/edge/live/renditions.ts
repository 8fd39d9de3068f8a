import { LRUCache } from 'lru-cache';
import { readOutlook } from '../../kernel/live/outlook.ts';
import { parseLivePath } from '../../kernel/live/paths.ts';

/** More than anybody watches at one edge. */
const MAX_RENDITIONS = 4_096;
/** An origin holds a request for three target durations and then says so; that has to reach the edge. RFC 8216bis 6.2.5.2. */
const HELD_TARGETS = 3;
const GRACE_MS = 2_000;

interface Known {
  readonly targetSeconds: number;
  /** Keys of the playlists that arrived last: one that says everything, and one that leaves out what players have. */
  readonly whole?: string;
  readonly delta?: string;
}

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
    const target = this.#known.get(renditionOf(path))?.targetSeconds;
    return target === undefined ? this.#maxHoldMs : Math.min(this.#maxHoldMs, target * HELD_TARGETS * 1000 + GRACE_MS);
  }

  /** Takes in a playlist as it arrived, and gives the paths that it hints: of this very rendition, and nothing else. */
  learn(key: string, body: Buffer): string[] {
    const outlook = readOutlook(body);
    if (!outlook) return [];
    const folder = renditionOf(key);
    const { targetSeconds, hints, ended } = outlook;
    const newest = isDelta(key) ? { delta: key } : { whole: key };
    this.#known.set(folder, { ...this.#known.get(folder), targetSeconds, ...newest });
    return ended ? [] : hints.map((uri) => folder + uri).filter(isMedia);
  }

  /** The keys of the newest playlists that may stand for the one at a key, the better one first. */
  newestFor(key: string): string[] {
    const { whole, delta } = this.#known.get(renditionOf(key)) ?? {};
    return [...(isDelta(key) && delta !== undefined ? [delta] : []), ...(whole === undefined ? [] : [whole])];
  }
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
