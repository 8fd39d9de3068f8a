import type { FastifyRequest } from 'fastify';
import { type ApiTokenClaims, holdsScope, readApiToken, type Scope } from '../kernel/access/api-token.ts';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';

/** Who issued tokens may be asked about. */
export interface IssuedTokens {
  /** The token's record, or undefined for one that was never recorded (a server's own). */
  find(id: string): Promise<{ readonly revokedAtMs?: number } | undefined>;
}

/** How long a look at the database is trusted: a revocation made by another process counts after so long. */
const TRUST_MS = 2_000;
const REMEMBERED = 1_000;

/** Judges bearer tokens: ours, not expired, not revoked, with the scope a route asks for. */
export class Authorizer {
  readonly #secret: string;
  readonly #tokens: IssuedTokens;
  readonly #clock: Clock;
  readonly #seen = new Map<string, { revoked: boolean; untilMs: number }>();

  constructor(secret: string, tokens: IssuedTokens, clock: Clock) {
    this.#secret = secret;
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** A hook that lets only bearers of `scope` pass. */
  requires(scope: Scope): (request: FastifyRequest) => Promise<void> {
    return async (request) => {
      request.bearer = await this.#admit(bearerOf(request), scope);
    };
  }

  /** Makes a revocation count at once in this process. */
  forget(tokenId: string): void {
    this.#seen.delete(tokenId);
  }

  /** @throws Fault TOKEN_MISSING, TOKEN_INVALID or SCOPE_MISSING. */
  async #admit(token: string | undefined, scope: Scope): Promise<ApiTokenClaims> {
    if (!token) throw new Fault('TOKEN_MISSING');
    const claims = readApiToken(token, this.#secret, this.#clock.now());
    if (claims?.use !== 'api' || (await this.#isRevoked(claims.tokenId))) throw new Fault('TOKEN_INVALID');
    if (!holdsScope(claims.scopes, scope)) {
      throw new Fault('SCOPE_MISSING', { says: `This operation needs a token with the scope ${scope}.` });
    }
    return claims;
  }

  async #isRevoked(tokenId: string): Promise<boolean> {
    const now = this.#clock.now();
    const seen = this.#seen.get(tokenId);
    if (seen && seen.untilMs > now) return seen.revoked;
    const revoked = (await this.#tokens.find(tokenId))?.revokedAtMs !== undefined;
    if (this.#seen.size >= REMEMBERED) this.#seen.clear();
    this.#seen.set(tokenId, { revoked, untilMs: now + TRUST_MS });
    return revoked;
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
    bearer: ApiTokenClaims | null;
  }
}
