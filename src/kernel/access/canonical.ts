/**
 * The byte-exact forms that signatures are made over (reference: CloudFront's signed URLs). Everything here works on
 * the raw target: decoding and re-encoding a query would change bytes that somebody has signed.
 */
export const SIGNING_PARAMETERS = ['Expires', 'Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'] as const;
export type SigningParameter = (typeof SIGNING_PARAMETERS)[number];

export type SigningValues = { readonly [Name in SigningParameter]?: string };

/** Our own carrier, taken off a query like the five signing parameters. */
const TOKEN_PARAMETER = 'token';

export interface SplitQuery {
  /** What is left for cache and origin: own parameters in their own order and bytes, without a leading `?`. */
  readonly own: string;
  /** The first value of each signing parameter, raw; undefined when none of the five names is present. */
  readonly signing: SigningValues | undefined;
  readonly token: string | undefined;
}

const BARE: SplitQuery = { own: '', signing: undefined, token: undefined };

/** Takes the access parameters out of a raw query (without `?`). Names are compared as sent, case and all. */
export function splitQuery(query: string): SplitQuery {
  if (query === '') return BARE;
  const own: string[] = [];
  const taken = new Map<string, string>();
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    if (!isSigningParameter(name) && name !== TOKEN_PARAMETER) own.push(pair);
    else if (!taken.has(name)) taken.set(name, equals === -1 ? '' : pair.slice(equals + 1));
  }
  const token = taken.get(TOKEN_PARAMETER);
  taken.delete(TOKEN_PARAMETER);
  return { own: own.join('&'), signing: taken.size === 0 ? undefined : Object.fromEntries(taken), token };
}

/** `/a?b=c` as path and raw query; the query is empty when there is none. */
export function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?');
  if (mark === -1) return { path: target, query: '' };
  return { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** `path` or `path?query`: a query with nothing in it has no `?` either. */
export function joinTarget(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

/** The policy that a canned signature stands for: exactly these bytes, the resource escaped as JSON has it. */
export function cannedPolicy(resource: string, expires: string | number): string {
  return `{"Statement":[{"Resource":${JSON.stringify(resource)},"Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
}

/** CloudFront's own URL-safe base64, which is not base64url: `+` `=` `/` become `-` `_` `~`. */
export function encodeUrlSafe(bytes: Uint8Array | string): string {
  const base64 = Buffer.from(bytes as string).toString('base64');
  return base64.replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
}

/** Undefined unless the text is the one spelling that `encodeUrlSafe` gives: a signature has no second form. */
export function decodeUrlSafe(text: string): Buffer | undefined {
  if (text === '') return undefined;
  const bytes = Buffer.from(text.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');
  return encodeUrlSafe(bytes) === text ? bytes : undefined;
}

function isSigningParameter(name: string): boolean {
  return (SIGNING_PARAMETERS as readonly string[]).includes(name);
}
