import { FILM_DISTRIBUTION } from '../../kernel/distribution/documents.ts';
import { MAX_TAG_LENGTH, parseTag } from '../../kernel/http/cache-tags.ts';

/**
 * What an operator wants gone. A path is compared with its query as given, as CloudFront has it; in a pattern `*` stands
 * for any characters, slashes and queries too, wherever it is. Each has one text, which is what the journal keeps, what
 * people read, and what tells two of them apart: `/a?b=c`, `/a/*`, `#tag`, and `/*` for everything. What another distribution
 * than the default one has is named with its scope, which its keys begin with: `@id/a`, `@id#tag`, `@id/*`.
 */
export type Target =
  | { readonly kind: 'path'; readonly text: string }
  | { readonly kind: 'pattern'; readonly text: string; readonly pieces: readonly string[] }
  | { readonly kind: 'tag'; readonly text: string; readonly tag: string; readonly scope: string }
  | { readonly kind: 'all'; readonly text: '/*' };

/** What is stored, or on its way, as far as a target is concerned. */
export interface Subject {
  readonly key: string;
  readonly tags: readonly string[];
}

export const EVERYTHING: Target = { kind: 'all', text: '/*' };

/** CloudFront's. */
const MAX_PATH_LENGTH = 4_000;
/** Spaces and control characters, which no target has, and a fragment. */
const UNSAFE = /[^\x21-\x7e\x80-\xff]|#/;

/** Undefined for what is neither path nor pattern nor `#tag`. */
export function parseTarget(text: string): Target | undefined {
  const [, scope, rest = ''] = SCOPED.exec(text) ?? [];
  return scope === undefined ? parseUnscoped(text) : within(scope, parseUnscoped(rest));
}

const SCOPED = /^(@[\w-]+)([/#].*)$/s;

/** The default distribution. Its films have keys without a scope; whatever stands beside them is named as they are. */
const DEFAULT_SCOPE = `@${FILM_DISTRIBUTION}`;

/** What a target means for one distribution alone. `scope` is `@` and its id. */
function within(scope: string, target: Target | undefined): Target | undefined {
  if (!target || (scope === DEFAULT_SCOPE && target.kind !== 'all')) return target;
  const prefix = scope === DEFAULT_SCOPE ? '' : scope;
  if (target.kind === 'all') return { kind: 'pattern', text: `${scope}/*`, pieces: [`${prefix}/`, ''] };
  if (target.kind === 'tag') return { ...target, text: scope + target.text, scope };
  const text = scope + target.text;
  return target.kind === 'path' ? { ...target, text } : { ...target, text, pieces: text.split('*') };
}

function parseUnscoped(text: string): Target | undefined {
  if (text.startsWith('#')) return tagTarget(text.slice(1));
  // As viewers send it: text of a person is UTF-8 on the wire.
  const sent = Buffer.from(text, 'utf8').toString('latin1');
  const path = pathTarget(sent);
  if (!path?.text.includes('*')) return path;
  const { text: pattern } = path;
  if (/^\/\*+$/.test(pattern)) return EVERYTHING;
  return { kind: 'pattern', text: pattern, pieces: pattern.split('*') };
}

/** A key of which every character stands for itself. */
export function keyTarget(key: string): Target {
  return { kind: 'path', text: normalised(key) };
}

/** A path as viewers send it, in which a star is a star. */
export function pathTarget(sent: string): Target | undefined {
  const isPath = sent.startsWith('/') && sent.length <= MAX_PATH_LENGTH && !UNSAFE.test(sent);
  return isPath ? { kind: 'path', text: normalised(sent) } : undefined;
}

export function tagTarget(text: string): Target | undefined {
  const tag = text.length <= MAX_TAG_LENGTH ? parseTag(text) : undefined;
  return tag === undefined ? undefined : { kind: 'tag', text: `#${tag}`, tag, scope: '' };
}

/** Whether the target means this, in whatever variant, part or coding. */
export function covers(target: Target, { key, tags }: Subject): boolean {
  switch (target.kind) {
    case 'all':
      return true;
    case 'tag':
      return tags.includes(target.tag) && scopeOf(key) === target.scope;
    case 'path':
      return resourceOf(key) === target.text;
    case 'pattern':
      return fits(target.pieces, resourceOf(key));
  }
}

/** What a key of another distribution than the default one begins with; empty for those of that one. */
export function scopeOf(key: string): string {
  const scope = key.startsWith('@') ? key.slice(0, key.indexOf('/')) : '';
  return scope === DEFAULT_SCOPE ? '' : scope;
}

/** What a key is about, in the spelling that targets have: behind a line break it says which variant or part it is. */
export function resourceOf(key: string): string {
  const end = key.indexOf('\n');
  const from = key.startsWith(`${DEFAULT_SCOPE}/`) ? DEFAULT_SCOPE.length : 0;
  return normalised(key.slice(from, end === -1 ? undefined : end));
}

/** Nothing in it could be spelt otherwise. */
const PLAIN = /^[\x21-\x24\x26-\x7e]*$/;
const SPELLING = /%([0-9a-f]{2})|[\x80-\xff]/gi;
const UNRESERVED = /[\w.~-]/;

/** Two spellings of one path are one: `%7e` is `~`, `%c3` is `%C3`, and so is the bare byte. RFC 3986 section 6.2.2. */
function normalised(target: string): string {
  if (PLAIN.test(target)) return target;
  return target.replace(SPELLING, (found, hex: string | undefined) => {
    const code = hex === undefined ? found.charCodeAt(0) : Number.parseInt(hex, 16);
    const char = String.fromCharCode(code);
    return UNRESERVED.test(char) ? char : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** Whether the text begins and ends with the outer pieces and has the others between them, in their order. */
export function fits(pieces: readonly string[], text: string): boolean {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
