import type { CacheControl } from './cache-control.ts';
import { fieldOf, type ResponseHead } from './fields.ts';

/** How long a stored answer may be used, and in which ways. Seconds, counted on the answer's age. */
export interface Lifetime {
  /** May be served unasked until this age; 0 when every use needs the origin's consent. */
  readonly freshSeconds: number;
  /** After that, may still be served for so long while a newer one is fetched. RFC 5861 section 3. */
  readonly staleWhileRevalidateSeconds: number;
  /** After that, may still be served for so long when the origin fails. RFC 5861 section 4. */
  readonly staleIfErrorSeconds: number;
}

/** How long a dead origin is served around when it did not say: a day. */
export const STALE_IF_ERROR_SECONDS = 86_400;
/** How long an error without a lifetime of its own is remembered, so that a storm of misses stays off the origin. */
export const NEGATIVE_SECONDS = 1;
/** Share of the time since the last change for which an answer without a lifetime is taken as fresh. RFC 9111 section 4.2.2. */
const HEURISTIC_SHARE = 0.1;
const HEURISTIC_MAX_SECONDS = 86_400;

/** RFC 9110 section 15.1, without 206, which this cache does not store. */
const HEURISTIC_STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);
const NEGATIVE_STATUSES: ReadonlySet<number> = new Set([404, 405, 410, 414, 501]);

/** The lifetime of an answer in a shared cache. RFC 9111 section 4.2.1. */
export function planLifetime(head: ResponseHead, control: CacheControl, nowMs: number): Lifetime {
  const freshSeconds = control.noCache ? 0 : (statedSeconds(head, control, nowMs) ?? impliedSeconds(head, nowMs));
  const mayBeStale = !control.mustRevalidate && !control.noCache;
  return {
    freshSeconds,
    staleWhileRevalidateSeconds: mayBeStale ? (control.staleWhileRevalidateSeconds ?? 0) : 0,
    staleIfErrorSeconds: mayBeStale ? (control.staleIfErrorSeconds ?? unaskedStaleSeconds(head, control)) : 0,
  };
}

/** An origin that named a shared lifetime meant it (RFC 9111 section 5.2.2.10); others are served around. */
function unaskedStaleSeconds(head: ResponseHead, control: CacheControl): number {
  return head.status < 400 && control.sMaxageSeconds === undefined ? STALE_IF_ERROR_SECONDS : 0;
}

/** What the origin says: s-maxage before max-age before Expires; undefined when it says nothing. */
export function statedSeconds(head: ResponseHead, control: CacheControl, nowMs: number): number | undefined {
  const stated = control.sMaxageSeconds ?? control.maxAgeSeconds;
  if (stated !== undefined) return stated;
  const expires = fieldOf(head.fields, 'expires');
  if (expires === undefined) return undefined;
  const expiresMs = parseDate(expires);
  // `Expires: 0` and other nonsense mean "already expired": RFC 9111 section 5.3.
  if (expiresMs === undefined) return 0;
  return Math.max(0, Math.floor((expiresMs - dateMs(head, nowMs)) / 1000));
}

function impliedSeconds(head: ResponseHead, nowMs: number): number {
  if (!HEURISTIC_STATUSES.has(head.status)) return 0;
  const changedMs = parseDate(fieldOf(head.fields, 'last-modified'));
  if (changedMs !== undefined && head.status < 400) {
    const share = ((dateMs(head, nowMs) - changedMs) / 1000) * HEURISTIC_SHARE;
    return Math.max(0, Math.min(HEURISTIC_MAX_SECONDS, Math.floor(share)));
  }
  return NEGATIVE_STATUSES.has(head.status) ? NEGATIVE_SECONDS : 0;
}

/** The age an answer already had when it arrived: the larger of what its Date and its Age tell. RFC 9111 section 4.2.3. */
export function initialAgeSeconds(head: ResponseHead, requestedAtMs: number, receivedAtMs: number): number {
  const apparent = Math.max(0, (receivedAtMs - dateMs(head, receivedAtMs)) / 1000);
  const stated = /^\s*(\d{1,10})\s*(?:,|$)/.exec(fieldOf(head.fields, 'age') ?? '')?.[1];
  const corrected = Number(stated ?? 0) + (receivedAtMs - requestedAtMs) / 1000;
  return Math.floor(Math.max(apparent, corrected));
}

/** Epoch milliseconds of an HTTP date; undefined when it is none. */
export function parseDate(text: string | undefined): number | undefined {
  // Date.parse takes far more than HTTP's three forms; all of those begin with a day's name and are in GMT.
  if (text === undefined || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const ms = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}

function dateMs(head: ResponseHead, fallbackMs: number): number {
  return parseDate(fieldOf(head.fields, 'date')) ?? fallbackMs;
}
