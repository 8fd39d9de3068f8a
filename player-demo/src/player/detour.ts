import type { LoaderConfig, RetryConfig } from 'hls.js';

/** What tells how things stand: a part of hls.js. */
export interface Pathways {
  readonly pathways: readonly string[];
  /** The one in use. */
  readonly pathway: string | undefined;
}

/** hls.js does not come back to a failed pathway for as long. */
const PENALTY_MS = 300_000;

/**
 * Where a film is served by several edges, a request that fails is soon left to another one: repeated at the same, as where
 * there is but one, it would outlast what is buffered. When all of them have failed, patience is all that is left again.
 */
export class Detours {
  readonly #now: () => number;
  readonly #left = new Map<string, number>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether another edge should be tried; notes that this one has failed. */
  take({ pathways, pathway }: Pathways): boolean {
    if (pathway === undefined) return false;
    const before = this.#now() - PENALTY_MS;
    const isOpen = (each: string) => (this.#left.get(each) ?? Number.NEGATIVE_INFINITY) < before;
    if (!pathways.some((each) => each !== pathway && isOpen(each))) return false;
    this.#left.set(pathway, this.#now());
    return true;
  }
}

/** A failing answer may be a moment's; silence has cost its whole limit already. */
const REPEATED_ERRORS = 1;

/**
 * The server answers 503 for a part that is still being encoded, or uploaded: it says so after it has waited, and is asked
 * again for as long as it says so, since every edge would say the same. Other failures are repeated, unless `detour` leaves
 * them to another edge.
 */
export function patient(policy: LoaderConfig, detour: () => boolean): LoaderConfig {
  const { errorRetry, timeoutRetry } = policy;
  return {
    ...policy,
    errorRetry: errorRetry && {
      ...errorRetry,
      maxRetryDelayMs: 2_000,
      shouldRetry: (_config, count, _isTimeout, response, retry) => {
        if (response?.code === 503) return true;
        return retry && count < REPEATED_ERRORS ? true : !detour() && retry;
      },
    },
    timeoutRetry: timeoutRetry && leavingAtOnce(timeoutRetry, detour),
  };
}

/** The same for playlists, which are never still to be encoded. */
export function hasty(policy: LoaderConfig, detour: () => boolean): LoaderConfig {
  const { errorRetry, timeoutRetry } = policy;
  return {
    ...policy,
    errorRetry: errorRetry && leavingAtOnce(errorRetry, detour),
    timeoutRetry: timeoutRetry && leavingAtOnce(timeoutRetry, detour),
  };
}

function leavingAtOnce(config: RetryConfig, detour: () => boolean): RetryConfig {
  // Asked also where hls.js would not repeat it: it goes elsewhere then by itself, and that has to be noted.
  return { ...config, shouldRetry: (_config, _count, _isTimeout, _response, retry) => !detour() && retry };
}
