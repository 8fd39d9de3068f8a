import type { Readable } from 'node:stream';
import { SettingsError } from '../../config/settings.ts';
import { Fault } from '../../kernel/errors.ts';
import type { FieldList } from '../../kernel/http/fields.ts';
import type { Log } from '../../kernel/log.ts';
import {
  collected,
  mayRepeat,
  type Upstream,
  type UpstreamCall,
  type UpstreamRequest,
  type UpstreamSink,
  type UpstreamText,
  type UpstreamTimes,
  type Wait,
} from '../upstream.ts';
import type { Circuit } from './breaker.ts';
import { eligible } from './eligible.ts';
import { parseFailoverStatuses } from './failover.ts';
import { GroupCall, type Tier } from './group-call.ts';
import { GroupSwitch } from './group-switch.ts';
import type { HealthTerms } from './health.ts';
import { Member } from './member.ts';
import { type AddressedRequest, OriginDoor } from './origin-door.ts';
import { type OwnFieldSettings, serverNameOf, type Unaddressed } from './own-fields.ts';
import { ranked } from './rendezvous.ts';

export interface OriginSettings extends UpstreamTimes, OwnFieldSettings {
  /** Statuses with commas. */
  readonly originFailoverStatuses: string;
  readonly originTotalMs: number;
  readonly originBreakerFailures: number;
  readonly originBreakerMs: number;
  /** Empty for no checks. */
  readonly originHealthPath: string;
  readonly originHealthIntervalMs: number;
  readonly originHealthTimeoutMs: number;
  readonly originHealthThreshold: number;
}

/** One origin of a group. */
export interface OriginSpec {
  readonly url: string;
  readonly settings: UpstreamTimes & OwnFieldSettings;
  /** Put before the path of whatever it is asked for; empty for nothing. */
  readonly pathPrefix?: string;
  /** Fields that show the origin who asks, made of the request as it goes out; they stand for any of the same names. */
  readonly sign?: ((request: SignedRequest) => FieldList) | undefined;
}

/** What a signature for an origin is over. */
export interface SignedRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly fields: FieldList;
}

export interface OriginsOptions {
  /** In the order in which they are asked; at least one. */
  readonly origins: readonly OriginSpec[];
  /** Edges that are asked before them; or others that have the same, which look after them for all. */
  readonly parents: readonly string[] | Origins;
  /** Where a parent tells whether it is well. */
  readonly parentHealthPath: string;
  readonly settings: OriginSettings;
  /** What shows an origin of ours that an edge of ours asks; undefined where they are somebody else's. */
  readonly sign: ((method: string, target: string) => FieldList) | undefined;
  /** What shows a parent so, where the origins are not to see it. */
  readonly signForParent?: OriginsOptions['sign'];
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly log: Log;
}

/** A request to whichever origin will answer it. */
export interface OriginRequest extends Unaddressed {
  readonly method: string;
  /** Path and query, sent as they are. */
  readonly target: string;
  readonly body?: Readable | undefined;
  readonly wait?: Wait | undefined;
  /** What it is stored under, by which it has its parent; undefined for what is asked of the origins themselves. */
  readonly key?: string | undefined;
}

/** How one origin stands, for metrics. */
export interface OriginReport {
  readonly name: string;
  readonly up: boolean;
  readonly circuit: Circuit;
  readonly requests: number;
  readonly failures: number;
  readonly failovers: number;
}

/** 503 is what our own origin says of a part that is still being encoded, and every other would after another wait. */
const OURS_WAITS = 503;

const MAX_OPEN_MS = 30_000;
/** An origin that was away for ten seconds is not to be away for twenty: it has what is live, and one question in a while costs it nothing. */
const OURS_MAX_OPEN_MS = 2_000;

/** What a parent says is what an origin says, failure or not: asked once more, an origin in trouble would have it worse. */
const FINAL: ReadonlySet<number> = new Set();
/** When the one that is responsible is not there and the next neither, the origins are nearer than the rest. */
const MAX_PARENTS = 2;
/** A parent has as long for its own attempts as this edge has, and is to have its say about them. */
const PARENT_GRACE_MS = 2_000;

/**
 * Where the edge fetches what it does not have: an origin, and those that stand in for it. The phases ask this and need
 * not know which of them answered.
 */
export class Origins {
  /** Of the first. */
  readonly url: URL;
  /** Whether answers may differ by the host that viewers ask for. */
  readonly varyByHost: boolean;
  readonly #members: readonly Member[];
  readonly #doors = new Map<Member, OriginDoor>();
  readonly #parents: readonly Member[];
  /** Whom this one looks after. */
  readonly #own: readonly Member[];
  readonly #options: OriginsOptions;
  readonly #failoverStatuses: ReadonlySet<number>;
  readonly #hosts: ReadonlySet<string>;

  /** @throws SettingsError */
  constructor(options: OriginsOptions) {
    const { origins, parents, settings, sign } = options;
    this.#options = options;
    const statuses = [...parseFailoverStatuses(settings.originFailoverStatuses)];
    this.#failoverStatuses = new Set(sign ? statuses.filter((status) => status !== OURS_WAITS) : statuses);
    this.#members = origins.map((spec) => this.#makeOrigin(spec));
    const isShared = parents instanceof Origins;
    this.#parents = isShared ? parents.#parents : parents.map((url) => this.#makeParent(url));
    this.#own = isShared ? this.#members : [...this.#parents, ...this.#members];
    const doors = [...this.#doors.values()];
    checkNames(
      isShared ? [] : parents,
      doors.filter(({ tellsViewedHost }) => tellsViewedHost).map(({ spec }) => spec.url),
    );
    this.varyByHost = doors.some(({ tellsViewedHost }) => tellsViewedHost);
    this.url = new URL(origins[0]?.url ?? '');
    const fixed = doors.flatMap(({ fixedHost }) => (fixedHost ? [fixedHost.toLowerCase()] : []));
    this.#hosts = new Set([...this.#members.map(({ name }) => name), ...fixed]);
  }

  #makeOrigin(spec: OriginSpec): Member {
    const { settings, sign } = this.#options;
    const target = settings.originHealthPath;
    const door = new OriginDoor(spec);
    const member = this.#makeMember(spec.url, {
      times: spec.settings,
      health: target === '' ? undefined : healthTerms(settings, target),
      requestTo: (url) => {
        const fields = [...(sign?.('GET', target) ?? []), ...CHECK];
        return door.requestTo({ method: 'GET', target, fields }, url);
      },
    });
    this.#doors.set(member, door);
    return member;
  }

  /** Always looked after: there are the origins to ask when it is down. */
  #makeParent(url: string): Member {
    const { settings, parentHealthPath: target } = this.#options;
    return this.#makeMember(url, {
      times: { ...settings, originFirstByteMs: this.#parentLimitMs },
      health: healthTerms(settings, target),
      requestTo: () => ({ method: 'GET', target, fields: CHECK }),
    });
  }

  #makeMember(url: string, { times, health, requestTo }: Kind): Member {
    const { settings, now, log, sign } = this.#options;
    const { originBreakerFailures: failures, originBreakerMs: openMs } = settings;
    const breaker = { failures, openMs, maxOpenMs: sign ? OURS_MAX_OPEN_MS : MAX_OPEN_MS };
    const ask = async ({ upstream }: Member, signal: AbortSignal) => isWell(upstream, requestTo(upstream.url), signal);
    return new Member({ url, times, breaker, health, ask, now, log });
  }

  get reports(): readonly OriginReport[] {
    return this.#own.map(({ name, up, circuit, counts }) => ({ name, up, circuit, ...counts }));
  }

  /** Whether an origin calls itself so. */
  isOwnHost(host: string): boolean {
    return this.#hosts.has(host);
  }

  /** Begins to look after them. */
  start(): void {
    for (const member of this.#own) member.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#own.map((member) => member.stop()));
  }

  /** Asks nothing more of them by itself, finishes what runs, and lets go of the connections. */
  async retire(): Promise<void> {
    await Promise.all(this.#own.map((member) => member.retire()));
  }

  /**
   * Asks the parent that is responsible, where there are any and one is well; otherwise, or when it cannot be reached, asks
   * the first origin that is thought well and, where repeating does no harm, the next when that fails. Fails at once,
   * with ORIGIN_CIRCUIT_OPEN, when all of them have just been failing.
   */
  send(request: OriginRequest, sink: UpstreamSink): UpstreamCall {
    const tiers = [this.#parentTier(request), this.#originTier(request)].filter(({ members }) => members.length > 0);
    if (tiers.length === 0) return refused(sink, this.#circuitsOpen());
    const call = new GroupCall(mayRepeat(request) ? tiers : firstOf(tiers), sink);
    call.begin();
    return call;
  }

  #parentTier({ key, ...request }: OriginRequest): Tier {
    const { method, target, body, fields, viewedHost } = request;
    // A parent holds it as long as the origin does, and then has to say so.
    const wait = request.wait && { ...request.wait, ms: request.wait.ms + PARENT_GRACE_MS };
    const { signForParent } = this.#options;
    const well = key === undefined ? [] : this.#parents.filter(({ up, admits }) => up && admits);
    return {
      members: ranked(well, key ?? '').slice(0, MAX_PARENTS),
      failoverStatuses: FINAL,
      limitMs: body ? undefined : (wait?.ms ?? this.#parentLimitMs),
      isHeld: wait?.mayBeHeld === true,
      // It stands where the viewer asks, so it is asked for the viewer's host.
      requestTo: ({ url }) => ({
        ...{ method, target, body, wait },
        fields: ['Host', viewedHost || url.host, ...fields, ...(signForParent?.(method, target) ?? [])],
        serverName: serverNameOf(url.host),
      }),
    };
  }

  #originTier(request: OriginRequest): Tier {
    const { body, wait } = request;
    return {
      members: eligible(this.#members),
      failoverStatuses: this.#failoverStatuses,
      // A body takes as long as the viewer takes to send it.
      limitMs: body ? undefined : (wait?.ms ?? this.#limitMs),
      isHeld: wait?.mayBeHeld === true,
      requestTo: (member) => ({ body, wait, ...this.#addressed(request, member) }),
    };
  }

  #addressed(request: OriginRequest, member: Member): AddressedRequest {
    const door = this.#doors.get(member);
    if (!door) throw new Fault('INTERNAL', { detail: { step: 'a request to no origin of this group' } });
    return door.requestTo(request, member.url);
  }

  /** Sends a request and collects the answer. @throws Fault ORIGIN_… */
  text(request: OriginRequest, signal?: AbortSignal): Promise<UpstreamText> {
    return collected((sink) => this.send(request, sink), signal);
  }

  /** Asks to switch protocols; `fields` say to which. @throws Fault ORIGIN_CIRCUIT_OPEN */
  switch(request: OriginRequest): GroupSwitch {
    const members = eligible(this.#members);
    if (members.length === 0) throw this.#circuitsOpen();
    return new GroupSwitch({
      members,
      failoverStatuses: this.#failoverStatuses,
      times: this.#options.settings,
      requestTo: (member) => ({ url: member.url, ...this.#addressed(request, member) }),
    });
  }

  #circuitsOpen(): Fault {
    const waitMs = Math.min(...this.#members.map((member) => member.waitMs));
    return new Fault('ORIGIN_CIRCUIT_OPEN', { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
  }

  /** One whole attempt always fits. */
  get #limitMs(): number {
    const { originTotalMs, originConnectMs, originFirstByteMs } = this.#options.settings;
    return Math.max(originTotalMs, originConnectMs + originFirstByteMs);
  }

  get #parentLimitMs(): number {
    return this.#limitMs + PARENT_GRACE_MS;
  }
}

/** Who may not be asked twice, or in two places, is asked for by one. */
function firstOf([tier]: readonly Tier[]): Tier[] {
  return tier ? [{ ...tier, members: tier.members.slice(0, 1) }] : [];
}

/** In what origins and parents differ. */
interface Kind {
  readonly times: UpstreamTimes;
  readonly health: HealthTerms | undefined;
  /** To see whether it is well. */
  requestTo(url: URL): UpstreamRequest;
}

const CHECK: FieldList = ['User-Agent', 'Frontrow health check'];

async function isWell(upstream: Upstream, request: UpstreamRequest, signal: AbortSignal): Promise<boolean> {
  try {
    return (await upstream.text(request, signal)).head.status < 400;
  } catch {
    // Whatever kept it from answering, it is not well; what changes by that is logged.
    return false;
  }
}

/**
 * TLS checks the name of a server. Of one that is named by an address alone and asked for the viewer's host, that would be a
 * name which the viewer chose. @throws SettingsError
 */
function checkNames(...asked: readonly (readonly string[])[]): void {
  for (const text of asked.flat()) {
    const { protocol, host } = new URL(text);
    if (protocol === 'https:' && serverNameOf(host) === undefined)
      throw new SettingsError(`${protocol}//${host} must have a name: it is asked for the host of viewers`);
  }
}

/** Tells it when the caller has what it called for in hand. */
function refused(sink: UpstreamSink, fault: Fault): UpstreamCall {
  let aborted = false;
  queueMicrotask(() => {
    if (!aborted) sink.fail(fault);
  });
  return {
    resume: () => {},
    abort: () => {
      aborted = true;
    },
  };
}

/** @throws SettingsError */
function healthTerms(settings: OriginSettings, path: string): HealthTerms {
  const { originHealthIntervalMs: intervalMs, originHealthTimeoutMs: timeoutMs } = settings;
  if (!/^\/[\x21-\x7e]*$/.test(path))
    throw new SettingsError('FRONTROW_ORIGIN_HEALTH_PATH must be a path such as /health');
  return { intervalMs, timeoutMs, threshold: settings.originHealthThreshold };
}
