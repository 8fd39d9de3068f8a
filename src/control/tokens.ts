import { type Scope, signApiToken, type TokenUse } from '../kernel/access/api-token.ts';
import { newId } from '../kernel/ids.ts';

export interface MintedToken {
  readonly tokenId: string;
  readonly token: string;
  readonly expiresAtMs: number;
}

/** The administrator's token in run.json is made anew at every start; a year outlives any run. */
const ADMIN_MS = 365 * 86_400_000;

/** A signed token; whoever mints one for `api` or `session` records it too, since it counts for nothing else. */
export function mintToken(
  use: TokenUse,
  secret: string,
  scopes: readonly Scope[],
  nowMs: number,
  lifeMs: number,
): MintedToken {
  const tokenId = newId(use === 'sign-in' ? 'lnk' : 'tok');
  // Whole seconds, since that is what the token can say.
  const expiresAtMs = Math.floor((nowMs + lifeMs) / 1000) * 1000;
  return { tokenId, token: signApiToken({ tokenId, scopes, expiresAtMs, use }, secret), expiresAtMs };
}

/** The administrator's token that `run.json` holds for the commands on the same machine. */
export function mintAdminToken(secret: string, nowMs: number): string {
  return mintToken('server', secret, ['admin'], nowMs, ADMIN_MS).token;
}
