import type { FastifyRequest } from 'fastify';
import type { ApiToken } from '../database/api-tokens.ts';
import type { Actor } from '../database/audit-log.ts';
import type { User } from '../database/users.ts';
import { type ApiTokenClaims, commonScopes, holdsScope, readApiToken, type Scope } from '../kernel/access/api-token.ts';
import { type Clock, lasts } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { ScopedHook } from './api-document.ts';

export interface AuthorizerParts {
  readonly secret: string;
  readonly tokens: {
    find(id: string): Promise<ApiToken | undefined>;
    touch(token: ApiToken): Promise<void>;
  };
  readonly users: { find(id: string): Promise<User | undefined> };
  readonly clock: Clock;
  readonly log: Log;
  /** Told of the scopes that bearers lacked. */
  readonly onRefused: (scope: Scope) => void;
  /** Told of requests whose token is none; may reject with what is to be said instead. */
  readonly onFailed: (request: FastifyRequest) => Promise<void>;
}

/** Who asks, once that is known. */
export interface Bearer {
  readonly tokenId: string;
  readonly expiresAtMs: number;
  /** What he may do now: of a session what its user may, of a user's token no more than that. */
  readonly scopes: readonly Scope[];
  /** As the audit log names him. */
  readonly actor: Actor;
  /** The user whose session it is, or who is behind the token. */
  readonly userId?: string;
}

/** How long a look at the database is trusted: a revocation made by another process counts after so long. */
const TRUST_MS = 2_000;
const REMEMBERED = 1_000;

/** Judges bearer tokens: ours, not expired, not revoked, of a user who is there, with the scope a route asks for. */
export class Authorizer {
  readonly #parts: AuthorizerParts;
  #seen = new Map<string, { readonly bearer: Bearer | undefined; readonly untilMs: number }>();

  constructor(parts: AuthorizerParts) {
    this.#parts = parts;
  }

  /** A hook that lets only bearers of `scope` pass, or with none every bearer; the document of the API reads it there. */
  requires(scope?: Scope): ((request: FastifyRequest) => Promise<void>) & ScopedHook {
    const hook = async (request: FastifyRequest) => {
      request.bearer = await this.#admit(request, scope);
    };
    return Object.assign(hook, { scope });
  }

  /** Makes what happened to tokens and users count at once in this process. */
  forget(): void {
    // Another map, so that what is being read at this moment is remembered in the old one.
    this.#seen = new Map();
  }

  /** @throws Fault TOKEN_MISSING, TOKEN_INVALID, SCOPE_MISSING, or RATE_LIMITED for one of many invalid ones. */
  async #admit(request: FastifyRequest, scope: Scope | undefined): Promise<Bearer> {
    const token = bearerOf(request);
    if (!token) throw new Fault('TOKEN_MISSING');
    const claims = readApiToken(token, this.#parts.secret, this.#parts.clock.now());
    const bearer = claims && (await this.#look(claims));
    if (!bearer) {
      await this.#parts.onFailed(request);
      throw new Fault('TOKEN_INVALID');
    }
    if (scope !== undefined && !holdsScope(bearer.scopes, scope)) {
      this.#parts.onRefused(scope);
      throw new Fault('SCOPE_MISSING', { says: `This operation needs a token with the scope ${scope}.` });
    }
    return bearer;
  }

  async #look(claims: ApiTokenClaims): Promise<Bearer | undefined> {
    const { tokenId, expiresAtMs, scopes } = claims;
    if (claims.use === 'server') return { tokenId, expiresAtMs, scopes, actor: { kind: 'server' } };
    if (claims.use === 'sign-in') return undefined;
    const now = this.#parts.clock.now();
    const seen = this.#seen;
    const known = seen.get(tokenId);
    if (known && lasts(known.untilMs, TRUST_MS, now)) return known.bearer;
    const bearer = await this.#read(claims);
    if (seen.size >= REMEMBERED) seen.clear();
    seen.set(tokenId, { bearer, untilMs: now + TRUST_MS });
    return bearer;
  }

  /** What the database says of a token, and of the user behind it. */
  async #read(claims: ApiTokenClaims): Promise<Bearer | undefined> {
    const { tokens, users, log } = this.#parts;
    const token = await tokens.find(claims.tokenId);
    if (token?.kind !== claims.use || token.revokedAtMs !== undefined) return undefined;
    const user = token.userId === undefined ? undefined : await users.find(token.userId);
    // A token that names a user who is gone or disabled gives nothing, not what the token itself says.
    if (token.userId !== undefined && (!user || user.disabledAtMs !== undefined)) return undefined;
    // Nobody waits for it: it is told to the minute at best.
    tokens.touch(token).catch((cause: unknown) => log.debug({ err: cause }, 'the use of a token was not noted'));
    return bearerBy(token, user);
  }
}

function bearerBy(token: ApiToken, user: User | undefined): Bearer {
  const known = { tokenId: token.id, expiresAtMs: token.expiresAtMs, ...(user ? { userId: user.id } : {}) };
  if (token.kind === 'session') {
    const { id, name, scopes } = user ?? { scopes: [] };
    return { ...known, scopes, actor: { kind: 'user', ...(id && name ? { id, name } : {}) } };
  }
  const scopes = user ? commonScopes(token.scopes, user.scopes) : token.scopes;
  return { ...known, scopes, actor: { kind: 'token', id: token.id, name: token.name } };
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
