import { LRUCache } from 'lru-cache';
import { readOutlook } from '../../kernel/live/outlook.ts';
import { parseLivePath } from '../../kernel/live/paths.ts';

/** Renditions whose target duration is remembered. */
const MAX_RENDITIONS = 4_096;
/** An origin holds a request for three target durations and then says so; that has to reach the edge. RFC 8216bis 6.2.5.2. */
const HELD_TARGETS = 3;
const GRACE_MS = 2_000;

/** What live playlists told that passed by: for how long their origin holds a request, and what it will have next. */
export class Hints {
  readonly #maxHoldMs: number;
  /** By the rendition's folder. */
  readonly #targetSeconds = new LRUCache<string, number>({ max: MAX_RENDITIONS });

  constructor(maxHoldMs: number) {
    this.#maxHoldMs = maxHoldMs;
  }

  /** How long an answer to this path may be waited for. */
  holdMs(path: string): number {
    // Parts lie in the folder of their session.
    const folder = folderOf(path);
    const target = this.#targetSeconds.get(folder) ?? this.#targetSeconds.get(folderOf(folder.slice(0, -1)));
    return target === undefined ? this.#maxHoldMs : Math.min(this.#maxHoldMs, target * HELD_TARGETS * 1000 + GRACE_MS);
  }

  /** Takes in a playlist as it arrived, and gives the paths that it hints: of this very rendition, and nothing else. */
  learn(path: string, body: Buffer): string[] {
    const outlook = readOutlook(body);
    if (!outlook) return [];
    const folder = folderOf(path);
    this.#targetSeconds.set(folder, outlook.targetSeconds);
    if (outlook.ended) return [];
    return outlook.hints.map((uri) => folder + uri).filter(isMedia);
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** Paths that read as one of ours have no way up, so they are below the folder they were written behind. */
function isMedia(path: string): boolean {
  const kind = parseLivePath(path)?.kind;
  return kind === 'part' || kind === 'init';
}
