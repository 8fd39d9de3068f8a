import { type FieldList, fieldOf } from '../http/fields.ts';
import { isHopByHop } from '../http/hop-by-hop.ts';
import { keyedHeaders, type RequestHeaders } from './cache-key.ts';
import type { CachePolicyConfig, Method, Origin, OriginRequestPolicyConfig, Selection } from './model.ts';
import { type Chosen, chosenBy, chosenCookies, eitherOf, selectCookies, selectQuery } from './selection.ts';
import { namedViewerFields, VIEWER_FIELD_PREFIX } from './viewer-headers.ts';

/** What the origin and the behaviour say about requests beside the two policies. */
export interface OriginRules {
  readonly customHeaders: Origin['customHeaders'];
  /** With answers to these, `Authorization` goes on only where a policy says so: the answer is everybody's. */
  readonly cachedMethods: readonly Method[];
  /** False where the origin's own name is what it knows itself by, as S3 does. */
  readonly takesViewerHost: boolean;
}

export interface ViewerFields {
  readonly method: string;
  readonly rawHeaders: FieldList;
  readonly headers: RequestHeaders;
  /** Raw, without `?` and without what a grant was in. */
  readonly query: string;
}

export interface OriginFields {
  /** Raw, without `?`. */
  readonly query: string;
  readonly fields: string[];
  /** Whether the origin is asked under the host that the viewer asked for. `fields` has no `Host`. */
  readonly viewerHost: boolean;
}

/**
 * What of a request reaches an origin: whatever is in the key, what the origin request policy adds, what a body needs to be
 * understood, and what the operator has every request bring. Left out, since the edge writes it itself: `Host`,
 * `Accept-Encoding`, `Via`, `CDN-Loop`, `X-Forwarded-For`, `User-Agent` where no policy forwards the viewer's, `Range` and
 * conditions, `Max-Forwards`, `Surrogate-Capability`.
 */
export function compileOriginRequest(
  cachePolicy: CachePolicyConfig,
  originRequestPolicy: OriginRequestPolicyConfig | undefined,
  rules: OriginRules,
): (viewer: ViewerFields, added?: ReadonlyMap<string, string>) => OriginFields {
  const key = cachePolicy.parametersInCacheKeyAndForwardedToOrigin;
  const query = forwardedQuery(cachePolicy, originRequestPolicy);
  const cookies = forwardedCookies(cachePolicy, originRequestPolicy);
  const sorted = key.queryStringsConfig.sortQueryStrings;
  const goesOn = headerTest(cachePolicy, originRequestPolicy, rules);
  const told = namedViewerFields(cachePolicy, originRequestPolicy);
  const viewerHost = rules.takesViewerHost && goesOn('host', 'GET');
  const replaced = new Set(rules.customHeaders.map(({ headerName }) => headerName.toLowerCase()));
  const custom = rules.customHeaders.flatMap(({ headerName, headerValue }) => [headerName, headerValue]);
  return (viewer, added) => {
    const fields = fieldsOf(viewer, (name) => !replaced.has(name) && goesOn(name, viewer.method));
    const cookie = selectCookies(viewer.headers.cookie, cookies);
    if (cookie !== '') fields.push('Cookie', cookie);
    for (const name of told) {
      const value = added?.get(name.toLowerCase());
      if (value !== undefined && !replaced.has(name.toLowerCase())) fields.push(name, value);
    }
    fields.push(...custom);
    // The key tells no order, so the origin is not told one either: its answer is for every order.
    return { query: selectQuery(viewer.query, query, sorted), fields, viewerHost };
  };
}

/**
 * Whether the origin is told a field (of a lower-case name) that the key does not tell: its answers then have variants by it.
 * Fields that are in the key have an entry each already, and what an origin never hears cannot matter to it.
 */
export function compileUnkeyed(
  cachePolicy: CachePolicyConfig,
  originRequestPolicy: OriginRequestPolicyConfig | undefined,
  rules: OriginRules,
): (name: string) => boolean {
  const { headersConfig, cookiesConfig } = cachePolicy.parametersInCacheKeyAndForwardedToOrigin;
  const keyed = new Set(keyedHeaders(headersConfig));
  const goesOn = headerTest(cachePolicy, originRequestPolicy, rules);
  const told = new Set(namedViewerFields(cachePolicy, originRequestPolicy).map((name) => name.toLowerCase()));
  const asked = originRequestPolicy?.cookiesConfig.cookieBehavior ?? 'none';
  const cookies = asked !== 'none' && cookiesConfig.cookieBehavior !== 'all';
  return (name) => {
    if (name === 'accept-encoding') return true;
    if (name === 'cookie') return cookies;
    return !keyed.has(name) && (told.has(name) || goesOn(name, 'GET'));
  };
}

/** Whether an origin ever sees a cookie. Where it does not, it has none to set. */
export function forwardsCookies(
  cachePolicy: CachePolicyConfig,
  originRequestPolicy: OriginRequestPolicyConfig | undefined,
): boolean {
  return forwardedCookies(cachePolicy, originRequestPolicy) !== 'none';
}

function forwardedQuery(cachePolicy: CachePolicyConfig, policy: OriginRequestPolicyConfig | undefined): Chosen {
  const { queryStringBehavior, queryStrings } = cachePolicy.parametersInCacheKeyAndForwardedToOrigin.queryStringsConfig;
  const other = policy?.queryStringsConfig;
  return forwarded(
    chosenBy,
    { behavior: queryStringBehavior, names: queryStrings },
    { behavior: other?.queryStringBehavior ?? 'none', names: other?.queryStrings ?? [] },
  );
}

function forwardedCookies(cachePolicy: CachePolicyConfig, policy: OriginRequestPolicyConfig | undefined): Chosen {
  const { cookieBehavior, cookies } = cachePolicy.parametersInCacheKeyAndForwardedToOrigin.cookiesConfig;
  const other = policy?.cookiesConfig;
  return forwarded(
    chosenCookies,
    { behavior: cookieBehavior, names: cookies },
    { behavior: other?.cookieBehavior ?? 'none', names: other?.cookies ?? [] },
  );
}

interface Listed {
  readonly behavior: Selection;
  readonly names: readonly string[];
}

/** What either policy lets through; of two that let all through but a few, neither's few. */
function forwarded(choose: typeof chosenBy, keyed: Listed, asked: Listed): Chosen {
  if (keyed.behavior === 'allExcept' && asked.behavior === 'allExcept')
    return choose('allExcept', [...keyed.names, ...asked.names]);
  return eitherOf(choose(keyed.behavior, keyed.names), choose(asked.behavior, asked.names));
}

/** Written by the edge or by its transport, or chosen by rules of their own. */
const NEVER: ReadonlySet<string> = new Set([
  ...['accept-encoding', 'via', 'cdn-loop', 'x-forwarded-for', 'cookie', 'max-forwards', 'surrogate-capability'],
  ...['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'expect'],
]);
/** Of these the edge alone knows, or the next edge: what a viewer writes there is not passed on, named or not. */
const RESERVED_PREFIXES: readonly string[] = ['x-edge-', VIEWER_FIELD_PREFIX, 'frontrow-'];
/**
 * Where an origin looks for what its own proxy says of the viewer, and of the address that he asked for: "all" does not
 * mean these, a policy must name them. So it is with all that begin with `x-forwarded-`.
 */
const NAMED_ONLY: ReadonlySet<string> = new Set([
  ...['forwarded', 'x-real-ip', 'x-host', 'x-original-host', 'x-http-host-override'],
  ...['x-original-url', 'x-original-uri', 'x-rewrite-url'],
]);
/** What makes another method of the one that was sent. With a change it is the viewer's to say. */
const METHOD_NAMES: ReadonlySet<string> = new Set(['x-http-method-override', 'x-http-method', 'x-method-override']);

function mustBeNamed(name: string, isShared: boolean): boolean {
  return NAMED_ONLY.has(name) || name.startsWith('x-forwarded-') || (isShared && METHOD_NAMES.has(name));
}

/** What a body is. RFC 9110 section 8 and RFC 9530. */
const OF_BODY: ReadonlySet<string> = new Set([
  ...['content-type', 'content-length', 'content-encoding', 'content-language', 'content-md5'],
  ...['content-digest', 'repr-digest', 'digest'],
]);

function isReserved(name: string): boolean {
  return NEVER.has(name) || isHopByHop(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Of a lower-case name and a method. */
function headerTest(
  cachePolicy: CachePolicyConfig,
  policy: OriginRequestPolicyConfig | undefined,
  { cachedMethods }: OriginRules,
): (name: string, method: string) => boolean {
  const keyed = new Set(keyedHeaders(cachePolicy.parametersInCacheKeyAndForwardedToOrigin.headersConfig));
  const { headerBehavior, headers } = policy?.headersConfig ?? { headerBehavior: 'none', headers: [] };
  const listed = new Set(headers.map((name) => name.toLowerCase()));
  const isAll = headerBehavior === 'allViewer' || headerBehavior === 'allViewerAndWhitelistCloudFront';
  const isAsked = (name: string, isShared: boolean) => {
    if (headerBehavior === 'whitelist') return listed.has(name);
    return (isAll || (headerBehavior === 'allExcept' && !listed.has(name))) && !mustBeNamed(name, isShared);
  };
  return (name, method) => {
    if (isReserved(name)) return false;
    const isShared = method === 'GET' || method === 'HEAD' || (cachedMethods as readonly string[]).includes(method);
    // No body comes with these, and so nothing about one.
    if (name === 'content-length' && (method === 'GET' || method === 'HEAD')) return false;
    if (!isShared && (OF_BODY.has(name) || name === 'authorization')) return true;
    // A list alone would let one viewer's answer be kept for all.
    if (name === 'authorization' && headerBehavior === 'whitelist') return keyed.has(name);
    return keyed.has(name) || isAsked(name, isShared);
  };
}

/**
 * A field that came in several lines goes on in the one form in which it is in the key: what an origin could read
 * otherwise than the key does would let one request make another's answer.
 */
function fieldsOf({ rawHeaders, headers }: ViewerFields, goesOn: (lower: string) => boolean): string[] {
  const connection = fieldOf(rawHeaders, 'connection');
  const ofConnection = new Set(connection?.split(',').map((name) => name.trim().toLowerCase()));
  const fields: string[] = [];
  const seen = new Set<string>(['host']);
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const lower = name.toLowerCase();
    if (seen.has(lower)) continue;
    seen.add(lower);
    if (ofConnection.has(lower) || !goesOn(lower)) continue;
    fields.push(name, String(headers[lower] ?? rawHeaders[at + 1] ?? ''));
  }
  return fields;
}
