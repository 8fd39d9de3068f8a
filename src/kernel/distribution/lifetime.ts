import type { CachePolicy } from '../http/cache-policy.ts';
import { fieldOf, type ResponseHead, withoutFields } from '../http/fields.ts';
import { type Lifetime, statedSeconds } from '../http/freshness.ts';
import type { UnstorableReason } from '../http/storable.ts';
import { varyNames } from '../http/vary.ts';
import type { CachePolicyConfig } from './model.ts';

/** An answer, and what bears on keeping it. Whoever asks has made sure that answers to this method are kept at all. */
export interface LifetimeQuestion {
  readonly head: ResponseHead;
  /** What the origin says. A field for content delivery networks (`CDN-Cache-Control`) comes before `Cache-Control`. */
  readonly policy: CachePolicy;
  readonly ttls: Pick<CachePolicyConfig, 'minTTL' | 'defaultTTL' | 'maxTTL'>;
  /** Of the answer's status. */
  readonly errorCachingMinTTL: number;
  readonly nowMs: number;
  /** The age that it came with; 0 unless a cache further up had it. */
  readonly ageSeconds?: number;
  /** Whether the origin was sent an `Authorization` that is not in the key. */
  readonly authorized?: boolean;
  /** Whether an answer that is a part may be kept. */
  readonly partsKept?: boolean;
  /** Whether one that sets a cookie may be kept at all. Yes unless an operator forbids it. */
  readonly cookiesKept?: boolean;
}

export interface Keeping {
  readonly lifetime: Lifetime;
  /** Why it is not kept; undefined when it is. */
  readonly reason: UnstorableReason | undefined;
}

const NO_TIME: Lifetime = { freshSeconds: 0, staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 };

/**
 * Whether an answer is kept and for how long, as CloudFront decides it by a cache policy's times. `minTTL` above 0 overrules
 * an origin that forbids keeping, `maxTTL` bounds every time that an origin names, and staleness with it.
 *
 * Three things it does not take over. An answer to somebody's `Authorization` that the key does not hold is kept only when
 * the origin says that it is for all (RFC 9111 section 3.5), and so is one that sets a cookie unless `minTTL` overrules that;
 * and what an origin forbids to keep, or to use unasked
 * (`must-revalidate`), is never served stale, be it kept for `minTTL` or not.
 */
export function planKeeping(question: LifetimeQuestion): Keeping {
  const { head, ttls } = question;
  // Caching disabled: nothing is kept, not even an error, and so nothing is ever stale.
  if (ttls.maxTTL === 0 && ttls.minTTL === 0) return { lifetime: NO_TIME, reason: 'no-lifetime' };
  const lifetime = head.status >= 400 ? errorLifetime(question) : answerLifetime(question);
  return { lifetime, reason: whyNotKept(question, lifetime) };
}

const SET_COOKIE: ReadonlySet<string> = new Set(['set-cookie']);

/** An answer without its `Set-Cookie` when the origin never sees a cookie: nobody could bring it back. */
export function withoutIdleCookies(head: ResponseHead, forwardsCookies: boolean): ResponseHead {
  if (forwardsCookies || fieldOf(head.fields, 'set-cookie') === undefined) return head;
  return { ...head, fields: withoutFields(head.fields, SET_COOKIE) };
}

/** Whether the origin would not have it kept. */
function isForbidden({ policy }: LifetimeQuestion): boolean {
  return policy.noStore || policy.private || policy.noCache;
}

function answerLifetime(question: LifetimeQuestion): Lifetime {
  const { head, policy, nowMs, ttls, ageSeconds = 0 } = question;
  const { minTTL, defaultTTL, maxTTL } = ttls;
  if (isForbidden(question)) return freshFor(minTTL, ageSeconds);
  const stated = statedSeconds(head, policy, nowMs);
  const left =
    stated === undefined
      ? Math.max(minTTL, defaultTTL)
      : Math.max(minTTL, Math.min(Math.max(0, stated - ageSeconds), maxTTL));
  const fresh = freshFor(left, ageSeconds);
  if (policy.mustRevalidate) return fresh;
  const room = Math.max(0, maxTTL - left);
  return {
    ...fresh,
    staleWhileRevalidateSeconds: Math.min(policy.staleWhileRevalidateSeconds ?? 0, room),
    staleIfErrorSeconds: Math.min(policy.staleIfErrorSeconds ?? room, room),
  };
}

/** The policy's times count from when an answer arrives, a `Lifetime` on its age. */
function freshFor(leftSeconds: number, ageSeconds: number): Lifetime {
  return { ...NO_TIME, freshSeconds: leftSeconds === 0 ? 0 : leftSeconds + ageSeconds };
}

function errorLifetime(question: LifetimeQuestion): Lifetime {
  const { policy, errorCachingMinTTL, ttls, ageSeconds = 0 } = question;
  const stated = isForbidden(question) ? undefined : statedForErrors(policy);
  const left = Math.max(errorCachingMinTTL, stated === undefined ? 0 : stated - ageSeconds);
  return freshFor(Math.min(left, ttls.maxTTL), ageSeconds);
}

function statedForErrors({ sMaxageSeconds, maxAgeSeconds }: CachePolicy): number | undefined {
  return sMaxageSeconds ?? maxAgeSeconds;
}

/** Other than one that is left out of what is kept. */
function setsCookie({ head, policy }: LifetimeQuestion): boolean {
  return fieldOf(head.fields, 'set-cookie') !== undefined && !policy.unkeptFields.includes('set-cookie');
}

const KEPT_ERRORS: ReadonlySet<number> = new Set([404, 414, 500, 501, 502, 503, 504]);
/** Kept where the origin says for how long. */
const KEPT_WHEN_STATED: ReadonlySet<number> = new Set([400, 403, 405, 412, 415]);
/** Not kept where the origin says so. */
const KEPT_UNLESS_FORBIDDEN: ReadonlySet<number> = new Set([400, 403, 404, 405, 412, 414, 415, 501]);
/** A redirection that keeps its method; kept only where the origin says for how long. */
const KEPT_REDIRECTIONS_WHEN_STATED: ReadonlySet<number> = new Set([307, 308]);

function whyNotKept(question: LifetimeQuestion, lifetime: Lifetime): UnstorableReason | undefined {
  const { head, policy, ttls, authorized = false, partsKept = false, cookiesKept = true } = question;
  const { status } = head;
  if (status < 200 || status === 304) return 'status';
  if (status === 206 && !partsKept) return 'partial';
  const isForAll = policy.public || policy.sMaxageSeconds !== undefined || policy.mustRevalidate;
  if (authorized && !isForAll) return 'authorization';
  if (setsCookie(question) && (!cookiesKept || (ttls.minTTL === 0 && !isForAll))) return 'set-cookie';
  return status >= 400 ? whyNotError(question, lifetime) : whyNotAnswer(question, lifetime);
}

function whyNotError(question: LifetimeQuestion, lifetime: Lifetime): UnstorableReason | undefined {
  const { head, policy } = question;
  const isStated = statedForErrors(policy) !== undefined;
  if (!KEPT_ERRORS.has(head.status) && !(isStated && KEPT_WHEN_STATED.has(head.status))) return 'status';
  if (KEPT_UNLESS_FORBIDDEN.has(head.status) && isForbidden(question)) return wordOf(policy);
  return lifetime.freshSeconds === 0 ? 'no-lifetime' : undefined;
}

function whyNotAnswer(question: LifetimeQuestion, lifetime: Lifetime): UnstorableReason | undefined {
  const { head, policy, ttls, nowMs } = question;
  if (ttls.minTTL === 0 && (policy.noStore || policy.private)) return wordOf(policy);
  if (ttls.minTTL === 0 && varyNames(head) === '*') return 'vary-star';
  const isStated = statedSeconds(head, policy, nowMs) !== undefined;
  if (KEPT_REDIRECTIONS_WHEN_STATED.has(head.status) && !isStated) return 'no-lifetime';
  // Never fresh, and nothing to ask after it by: not worth its room.
  const isUsable = lifetime.freshSeconds > 0 || lifetime.staleWhileRevalidateSeconds > 0;
  return isUsable || hasValidator(head) ? undefined : 'no-lifetime';
}

function wordOf({ noStore, private: isPrivate }: CachePolicy): UnstorableReason {
  if (noStore) return 'no-store';
  return isPrivate ? 'private' : 'no-lifetime';
}

function hasValidator({ fields }: ResponseHead): boolean {
  return fieldOf(fields, 'etag') !== undefined || fieldOf(fields, 'last-modified') !== undefined;
}
