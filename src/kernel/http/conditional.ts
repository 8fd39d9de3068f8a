import { parseHttpDate } from './http-date.ts';

/** What tells one state of a resource from another. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** When the answer was made, in its own words. */
  readonly date?: string | undefined;
}

export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
}

/** Judges a GET's or HEAD's conditions in the order of RFC 9110 section 13.2.2. */
export function evaluateConditions(
  asked: Conditions,
  has: Validators,
  nowMs: number,
): 'send' | 'not-modified' | 'failed' {
  if (asked.ifMatch !== undefined) {
    if (!listsTag(asked.ifMatch, has.etag, strongly)) return 'failed';
  } else if (isAfter(has.lastModified, asked.ifUnmodifiedSince, nowMs)) {
    return 'failed';
  }
  if (asked.ifNoneMatch !== undefined) {
    return listsTag(asked.ifNoneMatch, has.etag, weakly) ? 'not-modified' : 'send';
  }
  // What does not say when it was changed was not changed after it was made: RFC 9111 section 4.3.2.
  return isAfter(has.lastModified ?? has.date, asked.ifModifiedSince, nowMs) === false ? 'not-modified' : 'send';
}

/** Whether `Range` still applies: the viewer holds a part of this very body. RFC 9110 section 13.1.5. */
export function ifRangeHolds(ifRange: string | undefined, has: Validators, nowMs: number): boolean {
  if (ifRange === undefined) return true;
  const asked = ifRange.trim();
  if (asked.startsWith('"') || asked.startsWith('W/')) return has.etag !== undefined && strongly(asked, has.etag);
  return has.lastModified !== undefined && asked === has.lastModified && isStrongDate(has, nowMs);
}

/** Whether two answers are about the very same bytes. RFC 9110 section 8.8.1. */
export function shareStrongValidator(one: Validators, other: Validators): boolean {
  const tag = strongTag(one.etag);
  if (one.etag !== undefined || other.etag !== undefined) return tag !== undefined && tag === other.etag;
  if (one.lastModified === undefined || one.lastModified !== other.lastModified) return false;
  return [one, other].every((each) => isStrongDate(each, parseHttpDate(each.date, 0) ?? 0));
}

/** One tag, if there is any, that stands for the very bytes. */
export function strongTag(etag: string | undefined): string | undefined {
  return etag !== undefined && /^"[^"]*"$/.test(etag) ? etag : undefined;
}

/** A change in the second in which the answer was made would not show in the date. RFC 9110 section 8.8.2.2. */
function isStrongDate(has: Validators, nowMs: number): boolean {
  const changedMs = parseHttpDate(has.lastModified, nowMs);
  const madeMs = parseHttpDate(has.date, nowMs);
  return changedMs !== undefined && madeMs !== undefined && madeMs - changedMs >= 1_000;
}

/** RFC 9110 section 8.8.3.2. */
function strongly(one: string, other: string): boolean {
  return one === other && !one.startsWith('W/');
}

function weakly(one: string, other: string): boolean {
  return opaque(one) === opaque(other);
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}

function listsTag(list: string, tag: string | undefined, same: (one: string, other: string) => boolean): boolean {
  if (tag === undefined) return false;
  const asked = list.trim();
  // Servers that forget the quotes get their tag back without them.
  if (asked === '*' || same(asked, tag)) return true;
  return (asked.match(/(?:W\/)?"[^"]*"/g) ?? []).some((each) => same(each, tag));
}

/** Undefined where one of the two is no date: then the condition does not count. */
function isAfter(changed: string | undefined, asked: string | undefined, nowMs: number): boolean | undefined {
  if (changed === undefined || asked === undefined) return undefined;
  const changedMs = parseHttpDate(changed, nowMs);
  const askedMs = parseHttpDate(asked, nowMs);
  return changedMs === undefined || askedMs === undefined ? undefined : changedMs > askedMs;
}
