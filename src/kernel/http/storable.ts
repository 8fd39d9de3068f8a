import type { CachePolicy } from './cache-policy.ts';
import { fieldOf, type ResponseHead } from './fields.ts';
import { type Lifetime, mayBeGuessed, statedSeconds } from './freshness.ts';
import { varyNames } from './vary.ts';

/** Why an answer is not kept. One vocabulary for header, fact and test. */
export type UnstorableReason =
  | 'method'
  | 'no-store'
  | 'private'
  | 'authorization'
  | 'set-cookie'
  | 'status'
  | 'not-understood'
  | 'partial'
  | 'vary-star'
  | 'retry-later'
  | 'no-lifetime';

export interface StorageQuestion {
  readonly method: string;
  /** Whether the request carried `Authorization`. */
  readonly authorized: boolean;
  readonly head: ResponseHead;
  readonly policy: CachePolicy;
  readonly lifetime: Lifetime;
  readonly nowMs: number;
  /** Whether an answer that is a part may be kept. */
  readonly partsKept?: boolean;
  /** Whether a cookie may be kept at all. */
  readonly cookiesKept: boolean;
}

/** Statuses whose meaning for caching is known here: those of RFC 9110. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...[200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 305, 307, 308],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426],
  ...[500, 501, 502, 503, 504, 505],
]);

/** Undefined when a shared cache may keep the answer, otherwise the first reason against it. RFC 9111 section 3. */
export function whyNotStorable(question: StorageQuestion): UnstorableReason | undefined {
  const { method, authorized, head, policy, nowMs } = question;
  if (method !== 'GET') return 'method';
  const understood = UNDERSTOOD.has(head.status);
  if (policy.mustUnderstand && !understood) return 'not-understood';
  // A cache that understands leaves `no-store` to those that do not: RFC 9111 section 5.2.2.3.
  if (policy.noStore && !policy.mustUnderstand) return 'no-store';
  if (policy.private) return 'private';
  if (head.status === 206 && !question.partsKept) return 'partial';
  const allowed = policy.public || policy.sMaxageSeconds !== undefined;
  if (authorized && !allowed && !policy.mustRevalidate) return 'authorization';
  // A cookie is one viewer's. With a lifetime stated beside it the origin wants it kept all the same (RFC 9111 section
  // 7.3); on a guess it is not.
  const stated = statedSeconds(head, policy, nowMs) !== undefined;
  const cookieKept = question.cookiesKept && (allowed || stated);
  if (!cookieKept && fieldOf(head.fields, 'set-cookie') !== undefined) return 'set-cookie';
  if (varyNames(head) === '*') return 'vary-star';
  return whyNotStatus(question, stated) ?? whyNotUseful(question, stated);
}

function whyNotStatus({ head, policy, lifetime }: StorageQuestion, stated: boolean): UnstorableReason | undefined {
  const { status } = head;
  if (status < 200 || status === 304 || status === 416) return 'status';
  // "Come back in a moment" is about now: kept, it would still be said after the moment.
  if (status === 503 && fieldOf(head.fields, 'retry-after') !== undefined) return 'retry-later';
  const implied = policy.public && lifetime.freshSeconds > 0;
  return status >= 500 && status !== 501 && !stated && !implied ? 'status' : undefined;
}

/**
 * Of a status that is not kept by itself something must say that it may be (RFC 9111 section 3); and an answer that is
 * never fresh and cannot be asked after again is not worth its room.
 */
function whyNotUseful({ head, policy, lifetime }: StorageQuestion, stated: boolean): UnstorableReason | undefined {
  if (!stated && !mayBeGuessed(head, policy)) return 'no-lifetime';
  if (lifetime.freshSeconds > 0 || lifetime.staleWhileRevalidateSeconds > 0) return undefined;
  const hasValidator =
    fieldOf(head.fields, 'etag') !== undefined || fieldOf(head.fields, 'last-modified') !== undefined;
  return hasValidator && head.status < 400 ? undefined : 'no-lifetime';
}
