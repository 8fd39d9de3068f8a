import type { CacheControl } from './cache-control.ts';
import { fieldOf, type ResponseHead } from './fields.ts';
import { type Lifetime, statedSeconds } from './freshness.ts';
import { varyNames } from './vary.ts';

/** Why an answer is not kept. One vocabulary for header, fact and test. */
export type UnstorableReason =
  | 'method'
  | 'no-store'
  | 'private'
  | 'authorization'
  | 'set-cookie'
  | 'status'
  | 'partial'
  | 'vary-star'
  | 'retry-later'
  | 'no-lifetime';

export interface StorageQuestion {
  readonly method: string;
  /** Whether the request carried `Authorization`. */
  readonly authorized: boolean;
  readonly head: ResponseHead;
  readonly control: CacheControl;
  readonly lifetime: Lifetime;
  readonly nowMs: number;
}

/** Undefined when a shared cache may keep the answer, otherwise the first reason against it. RFC 9111 section 3. */
export function whyNotStorable(question: StorageQuestion): UnstorableReason | undefined {
  const { method, authorized, head, control } = question;
  if (method !== 'GET') return 'method';
  if (control.noStore) return 'no-store';
  if (control.private) return 'private';
  if (head.status === 206 || fieldOf(head.fields, 'content-range') !== undefined) return 'partial';
  const allowed = control.public || control.sMaxageSeconds !== undefined;
  if (authorized && !allowed && !control.mustRevalidate) return 'authorization';
  // A cookie is one viewer's; only an origin that says so in as many words wants it shared.
  if (!allowed && fieldOf(head.fields, 'set-cookie') !== undefined) return 'set-cookie';
  if (varyNames(head) === '*') return 'vary-star';
  return whyNotStatus(question) ?? whyNotUseful(question);
}

function whyNotStatus({ head, control, nowMs }: StorageQuestion): UnstorableReason | undefined {
  const { status } = head;
  if (status < 200 || status === 304 || status === 416) return 'status';
  // "Come back in a moment" is about now: kept, it would still be said after the moment.
  if (status === 503 && fieldOf(head.fields, 'retry-after') !== undefined) return 'retry-later';
  const stated = statedSeconds(head, control, nowMs) !== undefined;
  return status >= 500 && status !== 501 && !stated ? 'status' : undefined;
}

/** An answer that is never fresh and cannot be asked after again is not worth its room. */
function whyNotUseful({ head, lifetime }: StorageQuestion): UnstorableReason | undefined {
  if (lifetime.freshSeconds > 0 || lifetime.staleWhileRevalidateSeconds > 0) return undefined;
  const hasValidator =
    fieldOf(head.fields, 'etag') !== undefined || fieldOf(head.fields, 'last-modified') !== undefined;
  return hasValidator && head.status < 400 ? undefined : 'no-lifetime';
}
