import { signJwt, verifyJwt } from './jwt.ts';

/**
 * What a bearer of an API token may do: a resource, and whether to read or to change it. Changing includes no reading.
 * The schema of tokens and `docs/scopes.md` come from this table; a name is a promise and never changes its meaning.
 */
export const SCOPE_MEANINGS = {
  'assets:read': 'See films, their encodings and subtitles, the ladders, and follow what happens to films.',
  'assets:write': 'Change and delete films, encode them again, and add or remove their subtitles.',
  'uploads:write': 'Bring films in, and ask how far an upload has come.',
  'live:read': 'See live streams, without their stream keys.',
  'live:write': 'Make, change, moderate and end live streams; the answers have their stream keys.',
  'keys:read': 'See public signing keys and key groups.',
  'keys:write': 'Make, register and revoke signing keys, and change key groups.',
  'grants:write': 'Sign playback grants with the key of the server.',
  'revocations:read': 'See which grants are revoked.',
  'revocations:write': 'Revoke single grants, and take that back.',
  'distributions:read': 'See distributions and origin access controls.',
  'distributions:write': 'Make, change and delete distributions and origin access controls.',
  'policies:read': 'See cache, origin request and response headers policies.',
  'policies:write': 'Make, change and delete cache, origin request and response headers policies.',
  'invalidations:read': 'See invalidations and how far they are.',
  'invalidations:write': 'Invalidate what edges have stored.',
  'edges:read': 'See the edges, their version, load and health.',
  'edges:write':
    'Let edges enrol, change and remove them. This amounts to reading what edges are told, secrets of origin access controls among it.',
  'webhooks:read': 'See webhooks and their deliveries, without their secrets.',
  'webhooks:write': 'Make, change, test and delete webhooks, and deliver again.',
  'reports:read': 'See reports of what was watched and delivered.',
  'users:read': 'See users, and who of them is signed in.',
  'users:write': 'Make, change and delete users, and make links that sign them in.',
  'tokens:read': 'See API tokens, without the tokens themselves.',
  'tokens:write': 'Make and revoke API tokens that may do no more than who makes or revokes them.',
  'audit:read': 'See who changed what.',
  '*:read': 'Everything that ends in `:read`.',
  admin: 'Everything.',
} as const;

export type Scope = keyof typeof SCOPE_MEANINGS;

export const SCOPES = Object.keys(SCOPE_MEANINGS) as readonly Scope[];

/**
 * What a token is for, so that none is taken for another: `api` and `session` are recorded and may be revoked, `server` is
 * what a server gives its own command line, and `sign-in` opens a session and nothing else.
 */
const USES = ['api', 'session', 'server', 'sign-in'] as const;

export type TokenUse = (typeof USES)[number];

/** Claims of a token of ours. */
export interface ApiTokenClaims {
  /** Id under which the token is recorded. */
  readonly tokenId: string;
  /** None of a session or a link: those give what their user may do by then. */
  readonly scopes: readonly Scope[];
  readonly expiresAtMs: number;
  readonly use: TokenUse;
}

/** HS256 under the server's secret; the expiry is rounded down to whole seconds, as JWT counts them. */
export function signApiToken(claims: ApiTokenClaims, secret: string): string {
  const { tokenId, scopes, expiresAtMs, use } = claims;
  return signJwt({ jti: tokenId, scope: scopes.join(' '), exp: Math.floor(expiresAtMs / 1000), use }, 'HS256', secret);
}

/** The claims of a token that is ours, whole and not expired at `nowMs`; undefined for any other text. */
export function readApiToken(token: string, secret: string, nowMs: number): ApiTokenClaims | undefined {
  const verdict = verifyJwt(token, 'HS256', secret, nowMs);
  if (!verdict.valid) return undefined;
  const { jti, scope, exp, use } = verdict.claims;
  // A token without an expiry was not made here, whatever its signature says.
  if (typeof jti !== 'string' || typeof scope !== 'string' || typeof exp !== 'number') return undefined;
  const known = USES.find((each) => each === use);
  return known && { tokenId: jti, scopes: parseScopes(scope), expiresAtMs: exp * 1000, use: known };
}

/** Whether one of `scopes` gives `wanted`. */
export function holdsScope(scopes: readonly Scope[], wanted: Scope): boolean {
  if (scopes.includes(wanted) || scopes.includes('admin')) return true;
  return wanted.endsWith(':read') && scopes.includes('*:read');
}

/** The first of `wanted` that `held` does not give; undefined when it gives all of them. */
export function firstBeyond(held: readonly Scope[], wanted: readonly Scope[]): Scope | undefined {
  return wanted.find((scope) => !holdsScope(held, scope));
}

/** What both give. */
export function commonScopes(one: readonly Scope[], other: readonly Scope[]): Scope[] {
  return SCOPES.filter((scope) => holdsScope(one, scope) && holdsScope(other, scope));
}

/** The scopes among some words; others were made by another release. */
export function parseScopes(words: string): Scope[] {
  return words.split(' ').filter((each): each is Scope => Object.hasOwn(SCOPE_MEANINGS, each));
}
