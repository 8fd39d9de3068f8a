import type { CachePolicy } from './cache-policy.ts';
import { type FieldList, firstOf, type ResponseHead } from './fields.ts';
import { parseHttpDate } from './http-date.ts';

/** How long a stored answer may be used, and in which ways. Seconds, counted on the answer's age. */
export interface Lifetime {
  /** May be served unasked until this age; 0 when every use needs the origin's consent. */
  readonly freshSeconds: number;
  /** After that, may still be served for so long while a newer one is fetched. RFC 5861 section 3. */
  readonly staleWhileRevalidateSeconds: number;
  /** After that, may still be served for so long when the origin fails. RFC 5861 section 4. */
  readonly staleIfErrorSeconds: number;
}

/** What the operator says where the origin does not. */
export interface UnaskedLifetimes {
  /** How long an absence or a lasting failure is remembered, so that a storm of misses stays off the origin. */
  readonly negativeSeconds: number;
  /** How long a dead origin is served around: RFC 9111 section 4.2.4 leaves that to a contract between the two. */
  readonly staleIfErrorSeconds: number;
}

/** Share of the time since the last change for which an answer without a lifetime is taken as fresh. RFC 9111 section 4.2.2. */
const HEURISTIC_SHARE = 0.1;
const HEURISTIC_MAX_SECONDS = 86_400;
/** RFC 9111 section 1.2.2. */
const MAX_AGE_SECONDS = 2 ** 31;

/** RFC 9110 section 15.1. */
const HEURISTIC_STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);
const NEGATIVE_STATUSES: ReadonlySet<number> = new Set([404, 405, 410, 414, 501]);

/** The lifetime of an answer in a shared cache. RFC 9111 section 4.2.1. */
export function planLifetime(
  head: ResponseHead,
  policy: CachePolicy,
  nowMs: number,
  unasked: UnaskedLifetimes,
): Lifetime {
  const freshSeconds = policy.noCache
    ? 0
    : (statedSeconds(head, policy, nowMs) ?? impliedSeconds(head, policy, nowMs, unasked.negativeSeconds));
  const mayBeStale = !policy.mustRevalidate && !policy.noCache;
  return {
    freshSeconds,
    staleWhileRevalidateSeconds: mayBeStale ? (policy.staleWhileRevalidateSeconds ?? 0) : 0,
    staleIfErrorSeconds: mayBeStale ? (policy.staleIfErrorSeconds ?? unaskedStaleSeconds(head, policy, unasked)) : 0,
  };
}

/** An origin that named a shared lifetime meant it (RFC 9111 section 5.2.2.10); others are served around. */
function unaskedStaleSeconds(head: ResponseHead, policy: CachePolicy, unasked: UnaskedLifetimes): number {
  return head.status < 400 && policy.sMaxageSeconds === undefined ? unasked.staleIfErrorSeconds : 0;
}

/** What the origin says: s-maxage before max-age before Expires; undefined when it says nothing. */
export function statedSeconds(head: ResponseHead, policy: CachePolicy, nowMs: number): number | undefined {
  const stated = policy.sMaxageSeconds ?? policy.maxAgeSeconds;
  if (stated !== undefined || policy.targeted) return stated;
  const expires = firstOf(head.fields, 'expires');
  if (expires === undefined) return undefined;
  const expiresMs = parseHttpDate(expires, nowMs);
  // `Expires: 0` and other nonsense mean "already expired": RFC 9111 section 5.3.
  if (expiresMs === undefined) return 0;
  return Math.max(0, Math.floor((expiresMs - dateMs(head.fields, nowMs)) / 1000));
}

/** `public` makes any status one that may be guessed about. RFC 9111 section 4.2.2. */
export function mayBeGuessed({ status }: ResponseHead, policy: CachePolicy): boolean {
  return policy.public || HEURISTIC_STATUSES.has(status);
}

function impliedSeconds(head: ResponseHead, policy: CachePolicy, nowMs: number, negativeSeconds: number): number {
  if (!mayBeGuessed(head, policy)) return 0;
  const changedMs = parseHttpDate(firstOf(head.fields, 'last-modified'), nowMs);
  if (changedMs === undefined) return NEGATIVE_STATUSES.has(head.status) ? negativeSeconds : 0;
  const share = ((dateMs(head.fields, nowMs) - changedMs) / 1000) * HEURISTIC_SHARE;
  return Math.max(0, Math.min(HEURISTIC_MAX_SECONDS, Math.floor(share)));
}

/** The age an answer already had when it arrived: the larger of what its Date and its Age tell. RFC 9111 section 4.2.3. */
export function initialAgeSeconds(head: ResponseHead, requestedAtMs: number, receivedAtMs: number): number {
  const apparent = Math.max(0, (receivedAtMs - dateMs(head.fields, receivedAtMs)) / 1000);
  const corrected = statedAgeSeconds(head.fields) + (receivedAtMs - requestedAtMs) / 1000;
  return Math.floor(Math.max(apparent, corrected));
}

/**
 * Of several members the first one; what is no number is not there (RFC 9111 section 5.1). A number with parameters is
 * taken as the number: to be wrong about an age, better too old.
 */
export function statedAgeSeconds(fields: FieldList): number {
  const digits = /^\s*(\d+)\s*(?:[,;]|$)/.exec(firstOf(fields, 'age') ?? '')?.[1];
  return Math.min(Number(digits ?? 0), MAX_AGE_SECONDS);
}

function dateMs(fields: FieldList, fallbackMs: number): number {
  return parseHttpDate(firstOf(fields, 'date'), fallbackMs) ?? fallbackMs;
}
