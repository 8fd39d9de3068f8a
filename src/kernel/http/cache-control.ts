/** `Cache-Control` of an answer as a shared cache reads it. RFC 9111 section 5.2.2, RFC 5861, RFC 8246. */
export interface CacheControl {
  readonly maxAgeSeconds?: number;
  readonly sMaxageSeconds?: number;
  readonly staleWhileRevalidateSeconds?: number;
  readonly staleIfErrorSeconds?: number;
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly private: boolean;
  readonly public: boolean;
  /** `must-revalidate` or `proxy-revalidate`: never stale, not even around a failed origin. */
  readonly mustRevalidate: boolean;
  /** Only for a cache that knows what the status means for caching; to such a one `no-store` does not apply. */
  readonly mustUnderstand: boolean;
  readonly immutable: boolean;
  /** Lower-case names of fields that a stored copy goes without: `no-cache="…"` and `private="…"`. */
  readonly unkeptFields: readonly string[];
}

/** Beyond this a number of seconds says "for ever"; RFC 9111 section 1.2.2 asks for at least 2^31. */
const MAX_SECONDS = 2 ** 31;

/** A directive's arguments, one for each time it was given; undefined where it stood alone. */
export type Directives = ReadonlyMap<string, readonly (string | undefined)[]>;

/** Never throws: an unknown directive is skipped, a lifetime that is no number counts as none left. */
export function parseCacheControl(value: string | undefined): CacheControl {
  return readDirectives(parseDirectives(value ?? ''));
}

/**
 * What directives mean together. Where a lifetime comes twice the first one stands (RFC 9111 section 4.2.1); where
 * `no-cache` or `private` comes once with fields and once without, the one without does.
 */
export function readDirectives(seen: Directives): CacheControl {
  const seconds = (name: string, into: string) => {
    const given = seen.get(name);
    return given === undefined ? {} : { [into]: parseSeconds(given[0]) };
  };
  const noCache = readFieldList(seen.get('no-cache'));
  const isPrivate = readFieldList(seen.get('private'));
  return {
    ...seconds('max-age', 'maxAgeSeconds'),
    ...seconds('s-maxage', 'sMaxageSeconds'),
    ...seconds('stale-while-revalidate', 'staleWhileRevalidateSeconds'),
    ...seconds('stale-if-error', 'staleIfErrorSeconds'),
    noStore: seen.has('no-store'),
    noCache: noCache === 'all',
    private: isPrivate === 'all',
    public: seen.has('public'),
    mustRevalidate: seen.has('must-revalidate') || seen.has('proxy-revalidate'),
    mustUnderstand: seen.has('must-understand'),
    immutable: seen.has('immutable'),
    unkeptFields: [noCache, isPrivate].flatMap((names) => (names === 'all' ? [] : names)),
  };
}

/** Names in lower case, arguments as they stand, quotes included. */
export function parseDirectives(value: string): Directives {
  const found = new Map<string, (string | undefined)[]>();
  for (const part of splitOutsideQuotes(value)) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name === '') continue;
    const argument = equals < 0 ? undefined : blankBefore(part, equals) + part.slice(equals + 1).trimEnd();
    const given = found.get(name);
    if (given) given.push(argument);
    else found.set(name, [argument]);
  }
  return found;
}

/** Blanks beside the sign of equality stay with the argument, which is none then: a lifetime so written counts as 0. */
function blankBefore(part: string, equals: number): string {
  return /[ \t]/.test(part.charAt(equals - 1)) ? ' ' : '';
}

/** Splits at commas that are not inside a quoted string. */
export function splitOutsideQuotes(value: string): string[] {
  if (!value.includes('"')) return value.split(',');
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < value.length; at += 1) {
    const symbol = value[at];
    if (quoted && symbol === '\\') at += 1;
    else if (symbol === '"') quoted = !quoted;
    else if (symbol === ',' && !quoted) {
      parts.push(value.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(value.slice(start));
  return parts;
}

/** Seconds of a lifetime; 0 for what is no number of them. */
export function parseSeconds(argument: string | undefined): number {
  const digits = /^(?:(\d+)|"(\d+)")$/.exec(argument ?? '');
  return digits ? Math.min(Number(digits[1] ?? digits[2]), MAX_SECONDS) : 0;
}

const FIELD_NAMES = /^"?[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*"?$/;

/** The fields a directive is about; `all` when it names none, or nothing that can be read as such. */
function readFieldList(given: readonly (string | undefined)[] | undefined): readonly string[] | 'all' {
  if (given === undefined) return [];
  const names: string[] = [];
  for (const argument of given) {
    if (argument === undefined || argument.length > 1_024 || !FIELD_NAMES.test(argument)) return 'all';
    names.push(
      ...argument
        .replaceAll('"', '')
        .split(',')
        .map((name) => name.trim().toLowerCase()),
    );
  }
  return names;
}
