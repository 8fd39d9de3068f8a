import type { CachePolicyConfig } from './model.ts';
import { type Chosen, chosenBy, chosenCookies, selectCookies, selectQuery } from './selection.ts';
import { VIEWER_FIELD_PREFIX } from './viewer-headers.ts';

/** A request's fields by lower-case name, as node has them. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What a key is made of. Path and query are as they travel: no line breaks in them, and no `?` in the path. */
export interface KeyedRequest {
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly headers: RequestHeaders;
  readonly method: string;
  /** What the edge knows of the viewer, by the lower-case name of a `CloudFront-*` field. */
  readonly added?: ReadonlyMap<string, string>;
}

/**
 * The name under which an answer is stored: `path[?query]` of what the policy selects, and behind it whatever else makes a
 * difference, each on a line of its own: `method=OPTIONS`, `name:value` of header fields, `cookies=…`. GET and HEAD share
 * an entry. `Accept-Encoding` is not in it: an answer's codings stand side by side under one key.
 */
export function compileCacheKey(policy: CachePolicyConfig): (asked: KeyedRequest) => string {
  const { headersConfig, cookiesConfig, queryStringsConfig } = policy.parametersInCacheKeyAndForwardedToOrigin;
  const query = chosenBy(queryStringsConfig.queryStringBehavior, queryStringsConfig.queryStrings);
  const cookies = chosenCookies(cookiesConfig.cookieBehavior, cookiesConfig.cookies);
  const names = keyedHeaders(headersConfig);
  const hasLines = names.length > 0 || cookies !== 'none';
  const sorted = queryStringsConfig.sortQueryStrings;
  return (asked) => {
    const selected = query === 'none' ? '' : selectQuery(asked.query, query, sorted);
    const target = selected === '' ? asked.path : `${asked.path}?${selected}`;
    const method = asked.method === 'OPTIONS' ? '\nmethod=OPTIONS' : '';
    return hasLines ? target + method + headerLines(names, asked) + cookieLine(asked, cookies) : target + method;
  };
}

/** Lower-case names of the fields that a cache policy has in its key, sorted. */
export function keyedHeaders({
  headerBehavior,
  headers,
}: CachePolicyConfig['parametersInCacheKeyAndForwardedToOrigin']['headersConfig']): readonly string[] {
  if (headerBehavior === 'none') return [];
  const names = new Set(headers.map((name) => name.toLowerCase()));
  names.delete('accept-encoding');
  return [...names].sort();
}

/** A field that was not sent has no line, which tells it from one that is empty. */
function headerLines(names: readonly string[], { headers, added }: KeyedRequest): string {
  let lines = '';
  for (const name of names) {
    const value = name.startsWith(VIEWER_FIELD_PREFIX) ? added?.get(name) : headers[name];
    if (value !== undefined) lines += `\n${name}:${onOneLine(String(value))}`;
  }
  return lines;
}

function cookieLine({ headers }: KeyedRequest, chosen: Chosen): string {
  const selected = selectCookies(headers.cookie, chosen);
  return selected === '' ? '' : `\ncookies=${onOneLine(selected)}`;
}

/** Written so that it cannot pass for several lines, nor for what another value is written as. */
function onOneLine(value: string): string {
  return /[\n\\]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') : value;
}
