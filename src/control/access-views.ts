import type { ApiToken } from '../database/api-tokens.ts';
import type { User } from '../database/users.ts';

/** Users, tokens and sessions as the API shows them. */

const at = (ms: number) => new Date(ms).toISOString();

export function viewUser(user: User) {
  const { id, name, email, role, scopes, createdAtMs, disabledAtMs } = user;
  return {
    userId: id,
    name,
    ...(email === undefined ? {} : { email }),
    ...(role === undefined ? {} : { role }),
    scopes: [...scopes],
    enabled: disabledAtMs === undefined,
    createdAt: at(createdAtMs),
    ...(disabledAtMs === undefined ? {} : { disabledAt: at(disabledAtMs) }),
  };
}

export function viewToken(token: ApiToken) {
  const { id, name, scopes, userId, madeBy, createdAtMs, expiresAtMs, lastUsedAtMs, revokedAtMs } = token;
  return {
    tokenId: id,
    name,
    scopes: [...scopes],
    madeBy: { ...(userId === undefined ? {} : { userId }), ...(madeBy === undefined ? {} : { tokenId: madeBy }) },
    createdAt: at(createdAtMs),
    expiresAt: at(expiresAtMs),
    ...(lastUsedAtMs === undefined ? {} : { lastUsedAt: at(lastUsedAtMs) }),
    ...(revokedAtMs === undefined ? {} : { revokedAt: at(revokedAtMs) }),
  };
}

export function viewSession({ id, createdAtMs, expiresAtMs, lastUsedAtMs }: ApiToken) {
  return {
    sessionId: id,
    createdAt: at(createdAtMs),
    expiresAt: at(expiresAtMs),
    ...(lastUsedAtMs === undefined ? {} : { lastUsedAt: at(lastUsedAtMs) }),
  };
}
