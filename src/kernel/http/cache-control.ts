/** `Cache-Control` of an answer as a shared cache reads it. RFC 9111 section 5.2.2, RFC 5861, RFC 8246. */
export interface CacheControl {
  readonly maxAgeSeconds?: number;
  readonly sMaxageSeconds?: number;
  readonly staleWhileRevalidateSeconds?: number;
  readonly staleIfErrorSeconds?: number;
  readonly noStore: boolean;
  /** Also for `no-cache="field"`: asking again is always right, serving a listed field unasked is not. */
  readonly noCache: boolean;
  /** Also for `private="field"`, for the same reason. */
  readonly private: boolean;
  readonly public: boolean;
  /** `must-revalidate` or `proxy-revalidate`: never stale, not even around a failed origin. */
  readonly mustRevalidate: boolean;
  readonly immutable: boolean;
}

/** Beyond this a number of seconds says "for ever"; RFC 9111 section 1.2.2 asks for at least 2^31. */
const MAX_SECONDS = 2 ** 31;

/** Never throws: an unknown directive is skipped, a lifetime that is no number counts as none left. */
export function parseCacheControl(value: string | undefined): CacheControl {
  const seen = directives(value ?? '');
  const seconds = (name: string, into: string) => {
    const argument = seen.get(name);
    return argument === undefined ? {} : { [into]: parseSeconds(argument) };
  };
  return {
    ...seconds('max-age', 'maxAgeSeconds'),
    ...seconds('s-maxage', 'sMaxageSeconds'),
    ...seconds('stale-while-revalidate', 'staleWhileRevalidateSeconds'),
    ...seconds('stale-if-error', 'staleIfErrorSeconds'),
    noStore: seen.has('no-store'),
    noCache: seen.has('no-cache'),
    private: seen.has('private'),
    public: seen.has('public'),
    mustRevalidate: seen.has('must-revalidate') || seen.has('proxy-revalidate'),
    immutable: seen.has('immutable'),
  };
}

/** Where a directive comes twice, the first one stands: RFC 9111 section 4.2.1. */
function directives(value: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of splitOutsideQuotes(value)) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    const argument = equals < 0 ? '' : part.slice(equals + 1).trim();
    if (name !== '' && !found.has(name)) found.set(name, argument);
  }
  return found;
}

/** Splits at commas that are not inside a quoted string. */
function splitOutsideQuotes(value: string): string[] {
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

function parseSeconds(argument: string): number {
  const digits = /^"?(\d+)"?$/.exec(argument)?.[1];
  return digits === undefined ? 0 : Math.min(Number(digits), MAX_SECONDS);
}
