import { SIGNING_PARAMETERS, type SigningValues, splitQuery, splitTarget } from './canonical.ts';

/** What a viewer presents to be let in, and by which carrier. Nothing here is checked yet. */
export type Credential = NoCredential | SignedCredential | TokenCredential;

export interface NoCredential {
  readonly carrier: 'none';
}

/** CloudFront's signed URLs and signed cookies: the same five values by two roads. */
export interface SignedCredential {
  readonly carrier: 'url' | 'cookies';
  readonly values: SigningValues;
}

export interface TokenCredential {
  readonly carrier: 'token-path' | 'token-query' | 'token-bearer';
  readonly token: string;
}

export type Carrier = Exclude<Credential['carrier'], 'none'>;

export interface Presented {
  readonly credential: Credential;
  /** The path without a `/t/{token}` prefix, raw. */
  readonly path: string;
  /** The query without signing parameters and `token`, raw, without `?`. */
  readonly query: string;
}

export interface CredentialSource {
  /** Path and query as they stand in the request line. */
  readonly target: string;
  readonly cookieHeader?: string | undefined;
  readonly authorizationHeader?: string | undefined;
  /** False where `/t/` is a folder like any other. Yes unless said otherwise. */
  readonly takesPathToken?: boolean;
}

const PATH_TOKEN = /^\/t\/([^/]+)(\/.*)$/s;
/** A JWT in the place of a path token. Other paths may begin with `/t/` where they are not all ours to name. */
const JWT_IN_PATH = /^\/t\/[\w-]+\.[\w-]+\.[\w-]+(?=\/)/;
const BEARER = /^Bearer +([^\s]+) *$/i;
const COOKIE_PREFIX = 'CloudFront-';

/** The target without the token in its path; undefined when there is none. */
export function withoutPathToken(target: string): string | undefined {
  return target.startsWith('/t/') && JWT_IN_PATH.test(target) ? target.replace(JWT_IN_PATH, '') : undefined;
}

/**
 * The one credential that counts: path token, signed URL, `?token=`, cookies, bearer, in this order: `Authorization` may be for
 * the site behind, and signed cookies never are. Any one of the
 * five signing names in the query makes it a signed URL, so a half-signed URL is refused whatever the cookies say.
 */
export function readCredential(source: CredentialSource): Presented {
  const { path: fullPath, query: fullQuery } = splitTarget(source.target);
  const { own, signing, token } = splitQuery(fullQuery);
  const inPath = source.takesPathToken === false ? null : PATH_TOKEN.exec(fullPath);
  const presented = { path: inPath?.[2] ?? fullPath, query: own };
  if (inPath?.[1] !== undefined) return { ...presented, credential: { carrier: 'token-path', token: inPath[1] } };
  if (signing) return { ...presented, credential: { carrier: 'url', values: signing } };
  if (token !== undefined) return { ...presented, credential: { carrier: 'token-query', token } };
  return { ...presented, credential: credentialOfHeaders(source) };
}

function credentialOfHeaders({ cookieHeader, authorizationHeader }: CredentialSource): Credential {
  const values = cookieHeader === undefined ? undefined : readSigningCookies(cookieHeader);
  const bearer = authorizationHeader === undefined ? undefined : BEARER.exec(authorizationHeader)?.[1];
  // What is left of a set of cookies is none beside a token.
  if (bearer !== undefined && values?.Signature === undefined) return { carrier: 'token-bearer', token: bearer };
  return values ? { carrier: 'cookies', values } : { carrier: 'none' };
}

/** The first cookie of a name wins: browsers send the one with the longest path first (RFC 6265 section 5.4). */
function readSigningCookies(header: string): SigningValues | undefined {
  const found = new Map<string, string>();
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1) continue;
    const name = pair.slice(0, equals).trim();
    if (!name.startsWith(COOKIE_PREFIX)) continue;
    const parameter = SIGNING_PARAMETERS.find((each) => name === COOKIE_PREFIX + each);
    if (parameter && !found.has(parameter)) found.set(parameter, pair.slice(equals + 1).trim());
  }
  return found.size === 0 ? undefined : Object.fromEntries(found);
}
