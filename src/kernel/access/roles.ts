import type { Scope } from './api-token.ts';

/** Bundles of scopes under a name, for users. What a role gives may grow with a release, a list of scopes does not. */
export const ROLE_SCOPES = {
  admin: ['admin'],
  operator: [
    'assets:read',
    'assets:write',
    'uploads:write',
    'live:read',
    'live:write',
    'keys:read',
    'keys:write',
    'grants:write',
    'revocations:read',
    'revocations:write',
    'distributions:read',
    'distributions:write',
    'policies:read',
    'policies:write',
    'invalidations:read',
    'invalidations:write',
    'edges:read',
    'edges:write',
    'webhooks:read',
    'webhooks:write',
    'reports:read',
  ],
  editor: [
    'assets:read',
    'assets:write',
    'uploads:write',
    'live:read',
    'live:write',
    'keys:read',
    'grants:write',
    'reports:read',
  ],
  reader: ['*:read'],
} as const satisfies Readonly<Record<string, readonly Scope[]>>;

export type RoleName = keyof typeof ROLE_SCOPES;

export const ROLE_NAMES = Object.keys(ROLE_SCOPES) as readonly RoleName[];
