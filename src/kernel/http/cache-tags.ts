import { type FieldList, fieldOf, withoutFields } from './fields.ts';

/**
 * Tags: names by which an origin says what an answer belongs to, so that all of that can be invalidated at once. They come
 * in `Cache-Tag`, with commas, or in `Surrogate-Key`, with blanks, and are meant for caches, not for viewers.
 */
const TAG_FIELDS: ReadonlySet<string> = new Set(['cache-tag', 'surrogate-key']);

/** What an answer has beyond these is ignored: an origin must not make every hit a search through thousands of words. */
const MAX_TAGS = 128;
export const MAX_TAG_LENGTH = 256;

/** Visible ASCII without the comma, which separates. */
const TAG = /^[\x21-\x2b\x2d-\x7e]+$/;

/** A tag as it is compared, without regard to case; undefined for what is none, or too long. */
export function parseTag(text: string): string | undefined {
  return text.length <= MAX_TAG_LENGTH && TAG.test(text) ? text.toLowerCase() : undefined;
}

/** The tags of an answer, each once. */
export function tagsOf(fields: FieldList): readonly string[] {
  const named = [
    ...(fieldOf(fields, 'cache-tag')?.split(',') ?? []),
    ...(fieldOf(fields, 'surrogate-key')?.split(/[\s,]/) ?? []),
  ];
  const tags = new Set<string>();
  for (const text of named) {
    const tag = parseTag(text.trim());
    if (tag !== undefined) tags.add(tag);
    if (tags.size === MAX_TAGS) break;
  }
  return [...tags];
}

/** The list as it goes on to a viewer; the same one when it names no tags. */
export function withoutTags(fields: FieldList): FieldList {
  const kept = withoutFields(fields, TAG_FIELDS);
  return kept.length === fields.length ? fields : kept;
}
