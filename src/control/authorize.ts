import type { FastifyRequest } from 'fastify';
import type { Actor } from '../database/audit-log.ts';
import { type ApiTokenClaims, holdsScope, readApiToken, type Scope } from '../kernel/access/api-token.ts';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import type { ScopedHook } from './api-document.ts';

/** Who issued tokens may be asked about. */
export interface IssuedTokens {
  /** The token's record, or undefined for one that was never recorded (a server's own). */
  find(id: string): Promise<{ readonly name: string; readonly revokedAtMs?: number } | undefined>;
}

/** Who asks, once that is known. */
export interface Bearer extends Pick<ApiTokenClaims, 'tokenId' | 'scopes' | 'expiresAtMs'> {
  /** As the audit log names him. */
  readonly actor: Actor;
}

/** How long a look at the database is trusted: a revocation made by another process counts after so long. */
const TRUST_MS = 2_000;
const REMEMBERED = 1_000;

/** Judges bearer tokens: ours, not expired, not revoked, with the scope a route asks for. */
export class Authorizer {
  readonly #secret: string;
  readonly #tokens: IssuedTokens;
  readonly #clock: Clock;
  readonly #count: (scope: Scope) => void;
  readonly #seen = new Map<string, { actor: Actor; revoked: boolean; untilMs: number }>();

  /** `onRefused` is told of the scopes that bearers lacked. */
  constructor(secret: string, tokens: IssuedTokens, clock: Clock, onRefused: (scope: Scope) => void) {
    this.#secret = secret;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#count = onRefused;
  }

  /** A hook that lets only bearers of `scope` pass; it carries the scope for the document of the API. */
  requires(scope: Scope): ((request: FastifyRequest) => Promise<void>) & ScopedHook {
    const hook = async (request: FastifyRequest) => {
      request.bearer = await this.#admit(bearerOf(request), scope);
    };
    return Object.assign(hook, { scope });
  }

  /** Makes a revocation count at once in this process. */
  forget(tokenId: string): void {
    this.#seen.delete(tokenId);
  }

  /** @throws Fault TOKEN_MISSING, TOKEN_INVALID or SCOPE_MISSING. */
  async #admit(token: string | undefined, scope: Scope): Promise<Bearer> {
    if (!token) throw new Fault('TOKEN_MISSING');
    const claims = readApiToken(token, this.#secret, this.#clock.now());
    if (claims?.use !== 'api') throw new Fault('TOKEN_INVALID');
    const { actor, revoked } = await this.#look(claims.tokenId);
    if (revoked) throw new Fault('TOKEN_INVALID');
    if (!holdsScope(claims.scopes, scope)) {
      this.#count(scope);
      throw new Fault('SCOPE_MISSING', { says: `This operation needs a token with the scope ${scope}.` });
    }
    const { tokenId, scopes, expiresAtMs } = claims;
    return { tokenId, scopes, expiresAtMs, actor };
  }

  async #look(tokenId: string): Promise<{ actor: Actor; revoked: boolean }> {
    const now = this.#clock.now();
    const seen = this.#seen.get(tokenId);
    if (seen && seen.untilMs > now) return seen;
    const record = await this.#tokens.find(tokenId);
    const actor: Actor = record ? { kind: 'token', id: tokenId, name: record.name } : { kind: 'server' };
    const found = { actor, revoked: record?.revokedAtMs !== undefined, untilMs: now + TRUST_MS };
    if (this.#seen.size >= REMEMBERED) this.#seen.clear();
    this.#seen.set(tokenId, found);
    return found;
  }
}

/**
 * The bearer token of a request: the Authorization header or, for a WebSocket, which a browser cannot give that header,
 * the subprotocol `bearer.<token>`.
 */
function bearerOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  if (header !== undefined) return /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (!request.ws) return undefined;
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
  return offered.find((each) => each.startsWith('bearer.'))?.slice('bearer.'.length);
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authorizing hook of the route. */
    bearer: Bearer | null;
  }
}
