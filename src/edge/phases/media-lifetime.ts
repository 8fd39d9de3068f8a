import { isPlaylist, isStreamFile } from '../../kernel/hls/stream-files.ts';
import type { CachePolicy } from '../../kernel/http/cache-policy.ts';
import { firstOf, type ResponseHead } from '../../kernel/http/fields.ts';
import { type Lifetime, statedSeconds } from '../../kernel/http/freshness.ts';

/** A segment that is asked for too early is there a moment later, whatever its absence said about its lifetime. */
const ABSENCE_SECONDS = 1;
/**
 * A playlist without a lifetime is not guessed about by its age: one that stood still for an hour would be kept for six
 * minutes more, just when it goes on.
 */
const UNSTATED_PLAYLIST_SECONDS = 1;

/** A stream that stood still for so long is better seen to be in trouble. */
const LIVE_STALE_SECONDS = 10;

/** Of a playlist that is written anew all the time: for how long an old one stands in while its origin fails. */
export function liveLifetime(planned: Lifetime): Lifetime {
  return { ...planned, staleIfErrorSeconds: Math.min(planned.staleIfErrorSeconds, LIVE_STALE_SECONDS) };
}

/** What is known of streams beside what HTTP says: shortens lifetimes, never lengthens them. `path` is without a query. */
export function mediaLifetime(
  planned: Lifetime,
  head: ResponseHead,
  policy: CachePolicy,
  path: string,
  nowMs: number,
): Lifetime {
  if (head.status >= 400) {
    if (!isStreamFile(path)) return planned;
    const freshSeconds = Math.min(planned.freshSeconds, ABSENCE_SECONDS);
    return { freshSeconds, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };
  }
  if (planned.freshSeconds <= UNSTATED_PLAYLIST_SECONDS) return planned;
  if (!isPlaylist(path, firstOf(head.fields, 'content-type'))) return planned;
  if (statedSeconds(head, policy, nowMs) !== undefined) return planned;
  return { ...planned, freshSeconds: UNSTATED_PLAYLIST_SECONDS };
}
