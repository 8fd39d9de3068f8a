import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../kernel/errors.ts';

export interface RateSettings {
  readonly apiReadsPerMinute: number;
  readonly apiWritesPerMinute: number;
  readonly apiSignInsPerMinute: number;
  readonly apiFailuresPerMinute: number;
  readonly apiRoutesPerMinute: number;
}

export interface RateLimits {
  /** To be told of a request whose token was none of ours. @throws Fault RATE_LIMITED when its address sent too many. */
  failed(request: FastifyRequest): Promise<void>;
}

/** What is left of one bucket. */
interface Level {
  readonly max: number;
  readonly remaining: number;
  readonly resetSeconds: number;
  readonly isEmpty: boolean;
}

type Take = (request: FastifyRequest) => Promise<Level | undefined>;
type Kind = 'read' | 'write' | 'signIn' | 'route';

/**
 * Limits how often the API is asked, by address and, once it is known, by user or token. Reading, writing, what makes
 * credentials and what leads viewers are counted apart, so that a busy console keeps nobody from a change, nobody guesses,
 * and many viewers behind one address find their edge. Answers say what
 * is left of the bucket that has least. Register before the routes, so that addresses are counted before tokens are read.
 */
export async function limitRates(app: FastifyInstance, settings: RateSettings): Promise<RateLimits> {
  await app.register(rateLimit, { global: false });
  const bucket = (max: number, keyGenerator?: (request: FastifyRequest) => string): Take => {
    const take = app.createRateLimit({ max, timeWindow: 60_000, ...(keyGenerator ? { keyGenerator } : {}) });
    return async (request) => {
      const level = await take(request);
      if (level.isAllowed) return undefined;
      return { max, remaining: level.remaining, resetSeconds: level.ttlInSeconds, isEmpty: level.isExceeded };
    };
  };
  const buckets = (key?: (request: FastifyRequest) => string): Readonly<Record<Kind, Take>> => ({
    read: bucket(settings.apiReadsPerMinute, key),
    write: bucket(settings.apiWritesPerMinute, key),
    signIn: bucket(settings.apiSignInsPerMinute, key),
    route: bucket(settings.apiRoutesPerMinute, key),
  });
  const ofAddress = buckets();
  const ofBearer = buckets(({ bearer }) => bearer?.userId ?? bearer?.tokenId ?? '');
  const failures = bucket(settings.apiFailuresPerMinute);

  app.addHook('onRequest', async (request, reply) => {
    const kind = kindOf(request);
    if (kind) tell(reply, await ofAddress[kind](request));
  });
  // The first moment at which it is known who asks, and no byte of a body has been read.
  app.addHook('preParsing', async (request, reply) => {
    const kind = request.bearer && kindOf(request);
    if (kind) tell(reply, await ofBearer[kind](request));
  });
  return { failed: async (request) => refuseEmpty(await failures(request)) };
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

function kindOf({ method, routeOptions }: FastifyRequest): Kind | undefined {
  const { rateLimit: limited, makesCredentials, leadsViewers } = routeOptions.config ?? {};
  if (limited === false) return undefined;
  if (makesCredentials) return 'signIn';
  if (leadsViewers) return 'route';
  return READS.has(method) ? 'read' : 'write';
}

/** draft-ietf-httpapi-ratelimit-headers-06. @throws Fault RATE_LIMITED */
function tell(reply: FastifyReply, level: Level | undefined): void {
  if (!level) return;
  const told = reply.getHeader('ratelimit-remaining');
  if (told === undefined || level.remaining < Number(told)) {
    reply
      .header('ratelimit-limit', level.max)
      .header('ratelimit-remaining', level.remaining)
      .header('ratelimit-reset', level.resetSeconds);
  }
  refuseEmpty(level);
}

function refuseEmpty(level: Level | undefined): void {
  if (level?.isEmpty) throw new Fault('RATE_LIMITED', { retryAfterSeconds: level.resetSeconds });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For what signs in or makes tokens: it has a bucket of its own. */
    makesCredentials?: true;
    /** For what viewers ask without a token, of whom a carrier puts thousands behind one address: so has this. */
    leadsViewers?: true;
  }
}
