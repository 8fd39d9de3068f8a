import type { FieldError } from '../errors.ts';
import type { Surroundings } from './check.ts';
import { fieldNameFaults, fieldSyntax, repeatFaults, selectionFaults } from './check-lists.ts';
import { type Documents, fieldError, type Kind } from './documents.ts';
import type {
  CachePolicyConfig,
  CorsConfig,
  KeyGroupConfig,
  OriginAccessControlConfig,
  OriginRequestPolicyConfig,
  ResponseHeadersPolicyConfig,
} from './model.ts';

/** Modes of a selection that go by names. */
const BY_NAME = ['whitelist', 'allExcept', 'allViewerAndWhitelistCloudFront'];

/** A name is how people find a document, so it is one document's; those of managed policies are told by their beginning. */
export function* nameFaults<K extends Kind>(
  kind: K,
  name: string,
  { documents, id }: Surroundings,
): Generator<FieldError> {
  if (name.startsWith('Managed-')) yield fieldError('name', 'begins with Managed-, as those of managed policies do');
  const others = Object.entries(documents[kind] as Documents[Exclude<Kind, 'distribution'>]);
  const taken = others.find(([other, config]) => other !== id && config.name === name);
  if (taken) yield fieldError('name', `is the name of ${taken[0]} already`);
}

export function* cachePolicyFaults(config: CachePolicyConfig, around: Surroundings): Generator<FieldError> {
  yield* nameFaults('cache-policy', config.name, around);
  const { minTTL, defaultTTL, maxTTL } = config;
  if (minTTL > defaultTTL) yield fieldError('defaultTTL', `is less than minTTL, ${minTTL}`);
  if (defaultTTL > maxTTL) yield fieldError('maxTTL', `is less than defaultTTL, ${defaultTTL}`);
  const path = 'parametersInCacheKeyAndForwardedToOrigin';
  const { headersConfig, ...parameters } = config.parametersInCacheKeyAndForwardedToOrigin;
  const compresses = parameters.enableAcceptEncodingBrotli || parameters.enableAcceptEncodingGzip;
  yield* selectionFaults(`${path}.headersConfig.headers`, headersConfig.headerBehavior, headersConfig.headers, BY_NAME);
  yield* fieldNameFaults(`${path}.headersConfig.headers`, headersConfig.headers, (name) => {
    if (name === 'accept-encoding' && compresses)
      return 'is in the cache key by enableAcceptEncodingGzip and Brotli already';
    return notSelectable(name);
  });
  yield* cookieAndQueryFaults(path, parameters);
}

export function* originRequestPolicyFaults(
  config: OriginRequestPolicyConfig,
  around: Surroundings,
): Generator<FieldError> {
  yield* nameFaults('origin-request-policy', config.name, around);
  const { headerBehavior, headers } = config.headersConfig;
  yield* selectionFaults('headersConfig.headers', headerBehavior, headers, BY_NAME);
  const onlyCloudFront = headerBehavior === 'allViewerAndWhitelistCloudFront';
  yield* fieldNameFaults('headersConfig.headers', headers, (name) => {
    if (onlyCloudFront && !name.startsWith('cloudfront-'))
      return 'is none of the CloudFront-… fields, which alone are added by name';
    return notSelectable(name);
  });
  yield* cookieAndQueryFaults('', config);
}

type Selected = Pick<OriginRequestPolicyConfig, 'cookiesConfig' | 'queryStringsConfig'>;

function* cookieAndQueryFaults(base: string, { cookiesConfig, queryStringsConfig }: Selected): Generator<FieldError> {
  const dot = base === '' ? '' : `${base}.`;
  const cookies = `${dot}cookiesConfig.cookies`;
  const queries = `${dot}queryStringsConfig.queryStrings`;
  yield* selectionFaults(cookies, cookiesConfig.cookieBehavior, cookiesConfig.cookies, BY_NAME);
  for (const [at, name] of cookiesConfig.cookies.entries()) {
    if (!fieldSyntax.name.test(name)) yield fieldError(`${cookies}[${at}]`, 'is not the name of a cookie');
  }
  yield* repeatFaults(cookies, cookiesConfig.cookies);
  yield* selectionFaults(queries, queryStringsConfig.queryStringBehavior, queryStringsConfig.queryStrings, BY_NAME);
  yield* repeatFaults(queries, queryStringsConfig.queryStrings);
}

/** What the edge itself needs to speak with the origin, or selects otherwise. */
const EDGES_OWN: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);

function notSelectable(name: string): string | undefined {
  if (name === 'cookie') return 'is selected by cookiesConfig';
  return EDGES_OWN.has(name) ? 'is a field of the connection, which no policy selects' : undefined;
}

export function* responseHeadersPolicyFaults(
  config: ResponseHeadersPolicyConfig,
  around: Surroundings,
): Generator<FieldError> {
  yield* nameFaults('response-headers-policy', config.name, around);
  if (config.corsConfig) yield* corsFaults(config.corsConfig);
  const { contentSecurityPolicy, xssProtection } = config.securityHeadersConfig ?? {};
  if (contentSecurityPolicy && !fieldSyntax.value.test(contentSecurityPolicy.contentSecurityPolicy)) {
    const field = 'securityHeadersConfig.contentSecurityPolicy.contentSecurityPolicy';
    yield fieldError(field, 'has characters that a header field cannot have');
  }
  if (
    xssProtection?.reportUri !== undefined &&
    (xssProtection.modeBlock || !fieldSyntax.value.test(xssProtection.reportUri))
  ) {
    yield fieldError(
      'securityHeadersConfig.xssProtection.reportUri',
      'cannot stand beside modeBlock, and must be a URI',
    );
  }
  const custom = config.customHeadersConfig.map(({ header }) => header);
  for (const [at, { header, value }] of config.customHeadersConfig.entries()) {
    const path = `customHeadersConfig[${at}]`;
    if (!fieldSyntax.value.test(value))
      yield fieldError(`${path}.value`, 'has characters that a header field cannot have');
    if (custom.findIndex((each) => each.toLowerCase() === header.toLowerCase()) < at) {
      yield fieldError(`${path}.header`, 'is there twice');
    }
    const reason = fieldSyntax.name.test(header)
      ? notSettable(header.toLowerCase())
      : 'is not the name of a header field';
    if (reason !== undefined) yield fieldError(`${path}.header`, reason);
  }
  yield* fieldNameFaults('removeHeadersConfig', config.removeHeadersConfig, (name) => {
    return isFraming(name) ? 'is a field that the answer cannot do without' : undefined;
  });
}

/** How an answer is framed and coded is between the edge and the viewer. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'date',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'via',
  'x-cache',
]);
const OWN_SECTION: Readonly<Record<string, string>> = {
  'content-security-policy': 'securityHeadersConfig.contentSecurityPolicy',
  'x-content-type-options': 'securityHeadersConfig.contentTypeOptions',
  'x-frame-options': 'securityHeadersConfig.frameOptions',
  'referrer-policy': 'securityHeadersConfig.referrerPolicy',
  'strict-transport-security': 'securityHeadersConfig.strictTransportSecurity',
  'x-xss-protection': 'securityHeadersConfig.xssProtection',
  'server-timing': 'serverTimingHeadersConfig',
};

function isFraming(name: string): boolean {
  return FRAMING.has(name) || name.startsWith('x-amz-cf-');
}

function notSettable(name: string): string | undefined {
  if (isFraming(name)) return 'is a field that the edge writes itself';
  if (name.startsWith('access-control-')) return 'is set by corsConfig';
  return Object.hasOwn(OWN_SECTION, name) ? `is set by ${OWN_SECTION[name]}` : undefined;
}

/** A scheme perhaps, a host with a star perhaps, a port perhaps; or `null`, or the star alone. */
const CORS_ORIGIN =
  /^(?:\*|null|(?:https?:\/\/)?(?:\*\.)?[A-Za-z0-9.-]+(?::(?:\d{1,5}|\*))?|https?:\/\/\*(?::(?:\d{1,5}|\*))?)$/;

function* corsFaults(cors: CorsConfig): Generator<FieldError> {
  for (const [at, origin] of cors.accessControlAllowOrigins.entries()) {
    if (CORS_ORIGIN.test(origin)) continue;
    yield fieldError(
      `corsConfig.accessControlAllowOrigins[${at}]`,
      'is not an origin, such as https://www.example.com',
    );
  }
  const lists = ['accessControlAllowOrigins', 'accessControlAllowHeaders', 'accessControlExposeHeaders'] as const;
  for (const list of lists) {
    if (cors.accessControlAllowCredentials && cors[list].includes('*')) {
      yield fieldError(
        `corsConfig.${list}`,
        'cannot be * together with accessControlAllowCredentials, which browsers refuse',
      );
    }
  }
  const methods = cors.accessControlAllowMethods;
  if (methods.includes('ALL') && methods.length > 1)
    yield fieldError('corsConfig.accessControlAllowMethods', 'cannot have others beside ALL');
  for (const list of ['accessControlAllowHeaders', 'accessControlExposeHeaders'] as const) {
    yield* fieldNameFaults(`corsConfig.${list}`, cors[list], () => undefined);
  }
}

export function* keyGroupFaults(config: KeyGroupConfig, around: Surroundings): Generator<FieldError> {
  yield* nameFaults('key-group', config.name, around);
  if (config.items.length === 0 && config.jwksUrl === undefined) {
    yield fieldError('items', 'is empty and there is no jwksUrl: nobody could be let in');
  }
  for (const [at, item] of config.items.entries()) {
    if (!around.signingKeys.has(item)) yield fieldError(`items[${at}]`, 'is no signing key');
  }
  yield* repeatFaults('items', config.items);
  const reason = config.jwksUrl === undefined ? undefined : jwksFault(config.jwksUrl);
  if (reason !== undefined) yield fieldError('jwksUrl', reason);
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whoever can change what is read there makes grants. */
function jwksFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (!url || !isSafe) return 'is not an https URL (http is for this very machine alone)';
  return url.username || url.password || url.hash ? 'cannot have a user name, a password or a fragment' : undefined;
}

export function* originAccessControlFaults(
  config: OriginAccessControlConfig,
  around: Surroundings,
): Generator<FieldError> {
  yield* nameFaults('origin-access-control', config.name, around);
  const { signingProtocol, originAccessControlOriginType: type, region, accessKeyId } = config;
  const isSigv4 = signingProtocol === 'sigv4';
  if (isSigv4 !== (type === 's3')) {
    yield fieldError('originAccessControlOriginType', `must be ${isSigv4 ? 's3' : 'custom'} for ${signingProtocol}`);
  }
  for (const [name, value] of [
    ['region', region],
    ['accessKeyId', accessKeyId],
  ] as const) {
    if (isSigv4 && value === undefined) yield fieldError(name, 'is missing: sigv4 needs it');
    if (!isSigv4 && value !== undefined) yield fieldError(name, 'is for sigv4 only');
  }
  for (const [distribution, { origins }] of Object.entries(around.documents.distribution)) {
    const user = origins.find((each) => each.originAccessControlId === around.id && each.s3OriginConfig !== undefined);
    if (user === undefined || type === 's3') continue;
    yield fieldError(
      'originAccessControlOriginType',
      `must stay s3 for the origin ${user.id} of the distribution ${distribution}`,
    );
  }
}
