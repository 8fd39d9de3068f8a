/** A pattern of literals, `*` (any characters, also none) and `?` (exactly one character). */
export interface Glob {
  readonly parts: readonly GlobPart[];
  /** What stands before a `*` that is the only wildcard and comes last: the commonest pattern, matched without a walk. */
  readonly prefix: string | undefined;
}
type GlobPart =
  | { readonly kind: 'literal'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'one' };

const LITERAL_MARK = '\\?';

/** Reads a pattern; `\?` stands for a literal question mark, as older CloudFront documentation asks for. */
export function parseGlob(text: string): Glob {
  const parts: GlobPart[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (text.startsWith(LITERAL_MARK, at)) {
      parts.push({ kind: 'literal', char: '?' });
      at++;
    } else if (char === '?') parts.push({ kind: 'one' });
    else if (char !== '*') parts.push({ kind: 'literal', char });
    else if (parts.at(-1)?.kind !== 'any') parts.push({ kind: 'any' });
  }
  return { parts, prefix: prefixOf(parts) };
}

function prefixOf(parts: readonly GlobPart[]): string | undefined {
  const before = parts.slice(0, -1);
  if (parts.at(-1)?.kind !== 'any') return undefined;
  return before.every((part) => part.kind === 'literal') ? before.map(({ char }) => char).join('') : undefined;
}

/** True when the whole text fits. */
export function matchesGlob(glob: Glob, text: string): boolean {
  return glob.prefix === undefined ? walk(glob.parts, text) : text.startsWith(glob.prefix);
}

/**
 * Only the last `*` is ever widened again, so the work is at most pattern times text and
 * no pattern can make it explode as a regular expression would.
 */
function walk(glob: readonly GlobPart[], text: string): boolean {
  let at = 0;
  let part = 0;
  let star = -1;
  let starEnd = 0;
  while (at < text.length) {
    const wanted = glob[part];
    if (wanted?.kind === 'any') {
      star = part++;
      starEnd = at;
    } else if (wanted && (wanted.kind === 'one' || wanted.char === text[at])) {
      part++;
      at++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++starEnd;
    } else return false;
  }
  while (glob[part]?.kind === 'any') part++;
  return part === glob.length;
}
