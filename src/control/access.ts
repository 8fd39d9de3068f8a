import type { Settings } from '../config/settings.ts';
import type { ApiTokenRepository } from '../database/api-tokens.ts';
import { AuditLogRepository } from '../database/audit-log.ts';
import { EdgeRepository } from '../database/edges.ts';
import { InvalidationRepository } from '../database/invalidations.ts';
import { JwksRepository } from '../database/jwks.ts';
import type { Database } from '../database/open.ts';
import { RevocationRepository } from '../database/revocations.ts';
import { SignInLinkRepository } from '../database/sign-in-links.ts';
import { UserRepository } from '../database/users.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { AccessSweeper } from './access-sweeper.ts';
import { Authorizer } from './authorize.ts';
import type { ControlApp, RouteParts } from './parts.ts';
import type { RateLimits } from './rate-limits.ts';
import { auditLogRoutes } from './routes/audit-log.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { userRoutes } from './routes/users.ts';
import { Sessions } from './sessions.ts';

export interface AccessDeps {
  readonly database: Database;
  readonly tokens: ApiTokenRepository;
  readonly secrets: { readonly apiTokenSecret: string };
  readonly urls: () => { readonly control: string };
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: { count(name: 'api_scope_refusals', labels: { readonly scope: string }): void };
  readonly settings: Pick<Settings, 'auditDays'>;
}

/** Who may use the API, and what they did. */
export interface Access extends Pick<RouteParts, 'users' | 'sessions' | 'audit' | 'requires' | 'forgetTokens'> {
  readonly sweeper: AccessSweeper;
}

export async function openAccess(deps: AccessDeps, limits: RateLimits): Promise<Access> {
  const { database, tokens, clock, log, metrics, urls } = deps;
  const secret = deps.secrets.apiTokenSecret;
  const users = new UserRepository(database, clock);
  const links = new SignInLinkRepository(database, clock);
  const audit = new AuditLogRepository(database, clock);
  const others = [
    links,
    tokens,
    new RevocationRepository(database, clock),
    new InvalidationRepository(database, clock),
    new EdgeRepository(database, clock),
    new JwksRepository(database, clock),
  ];
  const onRefused = (scope: string) => metrics.count('api_scope_refusals', { scope });
  const authorizer = new Authorizer({
    secret,
    tokens,
    users,
    clock,
    log,
    onRefused,
    onFailed: (request) => limits.failed(request),
  });
  await users.addAdministrator();
  return {
    users,
    audit,
    sessions: new Sessions({ secret, links, clock, consoleUrl: () => urls().control }),
    sweeper: new AccessSweeper({ audit, others, clock, log, settings: deps.settings }),
    requires: (scope) => authorizer.requires(scope),
    forgetTokens: () => authorizer.forget(),
  };
}

export function accessRoutes(app: ControlApp, parts: RouteParts): void {
  userRoutes(app, parts);
  tokenRoutes(app, parts);
  sessionRoutes(app, parts);
  auditLogRoutes(app, parts);
}
