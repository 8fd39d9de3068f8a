import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Secrets } from '../config/secrets.ts';
import type { ApiTokenRepository } from '../database/api-tokens.ts';
import type { Asset, AssetRepository } from '../database/assets.ts';
import type { AuditLogRepository } from '../database/audit-log.ts';
import type { SigningKeyRepository } from '../database/signing-keys.ts';
import type { UserRepository } from '../database/users.ts';
import type { Scope } from '../kernel/access/api-token.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Signals } from '../queue/signals.ts';
import type { AssetRemoval } from './asset-removal.ts';
import type { Nearest } from './nearest.ts';
import type { AssetBody } from './schemas.ts';
import type { Sessions } from './sessions.ts';

/** The listener with TypeBox as its language of schemas. */
export type ControlApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Where the roles are reached from outside, without a slash at the end. Known once they listen. */
export interface Urls {
  readonly control: string;
  readonly edge: string;
}

/** What the routes work with. */
export interface RouteParts {
  readonly secrets: Secrets;
  readonly urls: () => Urls;
  readonly assets: AssetRepository;
  readonly keys: SigningKeyRepository;
  readonly tokens: ApiTokenRepository;
  readonly users: UserRepository;
  readonly sessions: Sessions;
  readonly audit: AuditLogRepository;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly log: Log;
  readonly removal: AssetRemoval;
  readonly nearest: Nearest;
  readonly view: (asset: Asset) => AssetBody;
  /** Says that an asset changed. */
  readonly announce: (assetId: string) => void;
  /** A hook that lets only bearers of this scope pass; without one, every bearer. */
  readonly requires: (scope?: Scope) => (request: FastifyRequest) => Promise<void>;
  /** Makes what happened to tokens and users count at once. */
  readonly forgetTokens: () => void;
}
