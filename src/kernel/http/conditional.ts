import { parseDate } from './freshness.ts';

/** What tells one state of a resource from another. */
export interface Validators {
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
}

/** Judges a GET's or HEAD's conditions in the order of RFC 9110 section 13.2.2. */
export function evaluateConditions(asked: Conditions, has: Validators): 'send' | 'not-modified' | 'failed' {
  if (asked.ifMatch !== undefined) {
    if (!listsTag(asked.ifMatch, has.etag, strongly)) return 'failed';
  } else if (asked.ifUnmodifiedSince !== undefined && changedAfter(has.lastModified, asked.ifUnmodifiedSince)) {
    return 'failed';
  }
  if (asked.ifNoneMatch !== undefined) {
    return listsTag(asked.ifNoneMatch, has.etag, weakly) ? 'not-modified' : 'send';
  }
  return unchangedSince(has.lastModified, asked.ifModifiedSince) ? 'not-modified' : 'send';
}

/** Whether `Range` still applies: the viewer holds a part of this very body. RFC 9110 section 13.1.5. */
export function ifRangeHolds(ifRange: string | undefined, has: Validators): boolean {
  if (ifRange === undefined) return true;
  const asked = ifRange.trim();
  if (asked.startsWith('"') || asked.startsWith('W/')) return has.etag !== undefined && strongly(asked, has.etag);
  return has.lastModified !== undefined && asked === has.lastModified;
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
  if (list.trim() === '*') return true;
  return (list.match(/(?:W\/)?"[^"]*"/g) ?? []).some((each) => same(each, tag));
}

function unchangedSince(lastModified: string | undefined, since: string | undefined): boolean {
  const changedMs = parseDate(lastModified);
  const sinceMs = parseDate(since);
  return changedMs !== undefined && sinceMs !== undefined && changedMs <= sinceMs;
}

function changedAfter(lastModified: string | undefined, date: string): boolean {
  const changedMs = parseDate(lastModified);
  const askedMs = parseDate(date);
  return changedMs !== undefined && askedMs !== undefined && changedMs > askedMs;
}
