import { signJwt, verifyJwt } from './jwt.ts';

/** What a bearer of an API token may do. `admin` stands for all of the others. */
export const SCOPES = [
  'assets:read',
  'assets:write',
  'uploads:write',
  'keys:read',
  'keys:write',
  'grants:write',
  'tokens:write',
  'webhooks:read',
  'webhooks:write',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Claims of an API token: `use` keeps a sign-in link from being used as an API token and the other way round. */
export interface ApiTokenClaims {
  /** Id under which the token is revoked. */
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
  readonly expiresAtMs: number;
  readonly use: 'api' | 'sign-in';
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
  if (use !== 'api' && use !== 'sign-in') return undefined;
  const scopes = scope.split(' ').filter((each): each is Scope => (SCOPES as readonly string[]).includes(each));
  return { tokenId: jti, scopes, expiresAtMs: exp * 1000, use };
}

export function holdsScope(scopes: readonly Scope[], wanted: Scope): boolean {
  return scopes.includes(wanted) || scopes.includes('admin');
}
