import { readApiToken, type Scope, signApiToken } from '../kernel/access/api-token.ts';
import { newId } from '../kernel/ids.ts';

export interface MintedToken {
  readonly tokenId: string;
  readonly token: string;
  readonly expiresAtMs: number;
}

/** A console session lasts a week, so that an operator signs in about as often as the server is restarted. */
const SESSION_MS = 7 * 86_400_000;
/** The printed sign-in link works for a day: it stands in terminals and logs. */
const SIGN_IN_MS = 86_400_000;
/** The administrator's token in run.json is made anew at every start; a year outlives any run. */
const ADMIN_MS = 365 * 86_400_000;

export function mintToken(secret: string, scopes: readonly Scope[], nowMs: number, lifeMs: number): MintedToken {
  const tokenId = newId('tok');
  // Whole seconds, since that is what the token can say.
  const expiresAtMs = Math.floor((nowMs + lifeMs) / 1000) * 1000;
  return { tokenId, token: signApiToken({ tokenId, scopes, expiresAtMs, use: 'api' }, secret), expiresAtMs };
}

/** The administrator's token that `run.json` holds for the commands on the same machine. */
export function mintAdminToken(secret: string, nowMs: number): string {
  return mintToken(secret, ['admin'], nowMs, ADMIN_MS).token;
}

/** What the printed sign-in link carries; good for nothing but `POST /v1/sessions`. */
export function mintSignInToken(secret: string, nowMs: number): string {
  const expiresAtMs = nowMs + SIGN_IN_MS;
  return signApiToken({ tokenId: newId('tok'), scopes: ['admin'], expiresAtMs, use: 'sign-in' }, secret);
}

/** Exchanges a sign-in token for a console session; undefined when it is not one of ours or too old. */
export function openSession(secret: string, signInToken: string, nowMs: number): MintedToken | undefined {
  const claims = readApiToken(signInToken, secret, nowMs);
  if (claims?.use !== 'sign-in') return undefined;
  return mintToken(secret, claims.scopes, nowMs, SESSION_MS);
}
