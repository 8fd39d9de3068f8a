import { parseDirectives, parseSeconds } from './cache-control.ts';

/** What a request asks of caches on its way: RFC 9111 section 5.2.1. A cache may heed it and need not. */
export interface Wishes {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAgeSeconds: number | undefined;
  /** Without end for `max-stale` without a number. */
  readonly maxStaleSeconds: number | undefined;
  readonly minFreshSeconds: number | undefined;
}

/** How a stored answer stands. */
export interface Standing {
  readonly ageSeconds: number;
  /** Seconds of freshness left; negative when it has expired. */
  readonly leftSeconds: number;
  /** Whether the origin lets it be used when it has expired. */
  readonly mayBeStale: boolean;
  readonly immutable: boolean;
}

/** Undefined when the request asks for nothing in particular. `Pragma` counts where there is no `Cache-Control`. */
export function readWishes(cacheControl: string | undefined, pragma: string | undefined): Wishes | undefined {
  const seen = parseDirectives(cacheControl ?? (/(?:^|,)\s*no-cache\s*(?:,|$)/i.test(pragma ?? '') ? 'no-cache' : ''));
  if (seen.size === 0) return undefined;
  const seconds = (name: string, alone: number) => {
    const given = seen.get(name);
    return given && (given[0] === undefined ? alone : parseSeconds(given[0]));
  };
  return {
    noStore: seen.has('no-store'),
    noCache: seen.has('no-cache'),
    onlyIfCached: seen.has('only-if-cached'),
    maxAgeSeconds: seconds('max-age', 0),
    maxStaleSeconds: seconds('max-stale', Number.POSITIVE_INFINITY),
    minFreshSeconds: seconds('min-fresh', 0),
  };
}

/** Whether a stored answer is what is wished for: as fresh, as stale within what is wished, or not before it was renewed. */
export function suits(wishes: Wishes, standing: Standing): 'fresh' | 'stale' | 'no' {
  const { ageSeconds, leftSeconds, mayBeStale, immutable } = standing;
  if (wishes.noCache) return 'no';
  // What never changes need not be asked about because somebody pressed "reload": RFC 8246 section 2.
  const reloads = wishes.maxAgeSeconds === 0 && immutable && leftSeconds > 0;
  if (!reloads && ageSeconds > (wishes.maxAgeSeconds ?? Number.POSITIVE_INFINITY)) return 'no';
  if (leftSeconds < (wishes.minFreshSeconds ?? Number.NEGATIVE_INFINITY)) return 'no';
  if (leftSeconds > 0) return wishes.maxAgeSeconds === 0 && !reloads ? 'no' : 'fresh';
  return mayBeStale && -leftSeconds <= (wishes.maxStaleSeconds ?? -1) ? 'stale' : 'no';
}
