import type { Origin } from '../../kernel/distribution/model.ts';
import type { EdgeAccessControl, SiteConfig } from '../../kernel/distribution/site-config.ts';
import { Fault } from '../../kernel/errors.ts';
import type { OriginReport, OriginSettings, OriginSpec, Origins, OriginsOptions } from '../origins/origins.ts';
import { signerOf } from './signer.ts';

/** What an origin is asked by: each scheme has its own address, and the viewer's host is told or not. */
export interface Approach {
  readonly scheme: 'http' | 'https';
  readonly tellsHost: boolean;
}

/** The edge's own way of making them: with its parents, its clock and its log. */
export type MakeOrigins = (
  options: Pick<OriginsOptions, 'origins' | 'settings'>,
  scheme: Approach['scheme'],
) => Origins;

/** How long requests that began under an older configuration may still come to ask. */
const RETIRE_AFTER_MS = 60_000;

/** The origins that a configuration names, made before it is in force. */
export interface OriginsDraft {
  /** @throws Fault CONFIG_REFUSED for a target that is not there, SettingsError for one that cannot be asked */
  of(distributionId: string, targetId: string, config: SiteConfig, approach: Approach): Origins;
}

/**
 * The origins of all distributions. What stands unchanged in a new configuration keeps its connections and what is known of
 * its health; what is gone finishes what runs.
 */
export class SiteOrigins {
  readonly #make: MakeOrigins;
  readonly #settings: OriginSettings;
  readonly #now: () => number;
  #known: ReadonlyMap<string, Origins> = new Map();
  readonly #drafts = new WeakMap<OriginsDraft, ReadonlyMap<string, Origins>>();
  readonly #retiring = new Map<Origins, NodeJS.Timeout>();

  constructor(settings: OriginSettings, now: () => number, make: MakeOrigins) {
    this.#settings = settings;
    this.#now = now;
    this.#make = make;
  }

  draft(): OriginsDraft {
    const made = new Map<string, Origins>();
    const draft: OriginsDraft = {
      of: (distributionId, targetId, config, approach) => {
        const target = targetOf(distributionId, targetId, config);
        const key = JSON.stringify([target, approach]);
        const origins = made.get(key) ?? this.#known.get(key) ?? this.#makeTarget(target, approach);
        made.set(key, origins);
        return origins;
      },
    };
    this.#drafts.set(draft, made);
    return draft;
  }

  /** From now on these are asked. */
  take(draft: OriginsDraft): void {
    const next = this.#drafts.get(draft) ?? new Map<string, Origins>();
    for (const [key, origins] of this.#known) if (next.get(key) !== origins) this.#retire(origins);
    for (const [key, origins] of next) if (this.#known.get(key) !== origins) origins.start();
    this.#known = next;
  }

  /** How each stands. */
  get reports(): readonly OriginReport[] {
    return [...this.#known.values()].flatMap(({ reports }) => reports);
  }

  async stop(): Promise<void> {
    for (const timer of this.#retiring.values()) clearTimeout(timer);
    await Promise.all([...this.#known.values(), ...this.#retiring.keys()].map((origins) => origins.stop()));
  }

  #makeTarget({ members, statuses }: Target, approach: Approach): Origins {
    const origins = members.map(({ origin, control }) => this.#specOf(origin, control, approach));
    const settings = { ...this.#settings, originFailoverStatuses: statuses.join(',') };
    return this.#make({ origins, settings }, approach.scheme);
  }

  #specOf(origin: Origin, control: EdgeAccessControl | undefined, { scheme, tellsHost }: Approach): OriginSpec {
    const { connectionAttempts, connectionTimeout, customHeaders, originPath } = origin;
    const readMs = readTimeoutOf(origin) * 1000;
    return {
      url: urlOf(origin, scheme),
      pathPrefix: originPath,
      settings: {
        originConnectMs: connectionTimeout * 1000,
        originConnectAttempts: connectionAttempts,
        originFirstByteMs: readMs,
        originIdleMs: readMs,
        originKeepAliveMs: keepaliveOf(origin) * 1000,
        originHeaders: customHeaders.map(({ headerName, headerValue }) => `${headerName}: ${headerValue}`).join('\n'),
        originHostHeader: tellsHost ? 'viewer' : 'origin',
      },
      sign: control && signerOf(control, this.#now),
    };
  }

  #retire(origins: Origins): void {
    const timer = setTimeout(() => {
      this.#retiring.delete(origins);
      void origins.retire();
    }, RETIRE_AFTER_MS).unref();
    this.#retiring.set(origins, timer);
  }
}

/** An origin or a group, and all that there is to know of it. */
interface Target {
  readonly members: readonly Named[];
  readonly statuses: readonly number[];
}

function targetOf(distributionId: string, targetId: string, config: SiteConfig): Target {
  const distribution = config.distributions[distributionId];
  const group = distribution?.originGroups.find(({ id }) => id === targetId);
  const members = (group?.members ?? [targetId]).map((id) => {
    const origin = distribution?.origins.find((each) => each.id === id);
    if (!origin) throw new Fault('CONFIG_REFUSED', { detail: { distributionId, origin: id } });
    return { origin, control: controlOf(origin, config) };
  });
  return { members, statuses: group?.failoverCriteria.statusCodes ?? [] };
}

interface Named {
  readonly origin: Origin;
  readonly control: EdgeAccessControl | undefined;
}

function controlOf({ originAccessControlId: id }: Origin, config: SiteConfig): EdgeAccessControl | undefined {
  if (id === undefined) return undefined;
  const control = config.originAccessControls[id];
  if (!control) throw new Fault('CONFIG_REFUSED', { detail: { originAccessControl: id } });
  return control;
}

const S3_READ_SECONDS = 30;
const KEEPALIVE_SECONDS = 5;

function readTimeoutOf({ customOriginConfig, s3OriginConfig }: Origin): number {
  return customOriginConfig?.originReadTimeout ?? s3OriginConfig?.originReadTimeout ?? S3_READ_SECONDS;
}

function keepaliveOf({ customOriginConfig }: Origin): number {
  return customOriginConfig?.originKeepaliveTimeout ?? KEEPALIVE_SECONDS;
}

/** The scheme that an origin is asked by, for viewers who came by `viewed`. */
export function originScheme({ customOriginConfig }: Origin, viewed: 'http' | 'https'): 'http' | 'https' {
  switch (customOriginConfig?.originProtocolPolicy) {
    case 'http-only':
      return 'http';
    case 'match-viewer':
      return viewed;
    default:
      return 'https';
  }
}

function urlOf(origin: Origin, viewed: 'http' | 'https'): string {
  const { domainName, customOriginConfig } = origin;
  const scheme = originScheme(origin, viewed);
  const { httpPort = 80, httpsPort = 443 } = customOriginConfig ?? {};
  const host = domainName.includes(':') && !domainName.startsWith('[') ? `[${domainName}]` : domainName;
  return `${scheme}://${host}:${scheme === 'http' ? httpPort : httpsPort}`;
}
