import { Fault } from '../../kernel/errors.ts';

/** What a document is called in one state. */
export function writeEtag(revision: number): string {
  return `"${revision}"`;
}

/**
 * Whether `If-Match` is about this state. RFC 9110 section 13.1.1; a tag without its quotes is taken too, as CloudFront
 * writes its own. A weak tag never counts.
 * @throws Fault IF_MATCH_MISSING or IF_MATCH_STALE
 */
export function requireMatch(ifMatch: string | undefined, revision: number): void {
  if (ifMatch === undefined || ifMatch.trim() === '') throw new Fault('IF_MATCH_MISSING');
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.some((tag) => tag === '*' || tag === writeEtag(revision) || tag === `${revision}`)) {
    throw new Fault('IF_MATCH_STALE');
  }
}
