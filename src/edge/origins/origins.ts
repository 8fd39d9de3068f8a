import type { Readable } from 'node:stream';
import { SettingsError } from '../../config/settings.ts';
import { Fault } from '../../kernel/errors.ts';
import type { FieldList } from '../../kernel/http/fields.ts';
import type { Log } from '../../kernel/log.ts';
import {
  collected,
  mayRepeat,
  type UpstreamCall,
  type UpstreamSink,
  type UpstreamText,
  type UpstreamTimes,
} from '../upstream.ts';
import type { Circuit } from './breaker.ts';
import { eligible } from './eligible.ts';
import { parseFailoverStatuses } from './failover.ts';
import { GroupCall } from './group-call.ts';
import { GroupSwitch } from './group-switch.ts';
import type { HealthTerms } from './health.ts';
import { Member } from './member.ts';
import { type OwnFieldSettings, OwnFields, type Unaddressed } from './own-fields.ts';

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

export interface OriginsOptions {
  /** In the order in which they are asked; at least one. */
  readonly urls: readonly string[];
  readonly settings: OriginSettings;
  /** What shows an origin of ours that an edge of ours asks; undefined where they are somebody else's. */
  readonly sign: ((method: string, target: string) => FieldList) | undefined;
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

/**
 * Where the edge fetches what it does not have: an origin, and those that stand in for it. The phases ask this and need
 * not know which of them answered.
 */
export class Origins {
  /** Of the first. */
  readonly url: URL;
  readonly #members: readonly Member[];
  readonly #options: OriginsOptions;
  readonly #own: OwnFields;
  readonly #failoverStatuses: ReadonlySet<number>;
  readonly #hosts: ReadonlySet<string>;

  /** @throws SettingsError */
  constructor(options: OriginsOptions) {
    const { urls, settings, sign } = options;
    this.#options = options;
    this.#own = new OwnFields(settings);
    const statuses = [...parseFailoverStatuses(settings.originFailoverStatuses)];
    this.#failoverStatuses = new Set(sign ? statuses.filter((status) => status !== OURS_WAITS) : statuses);
    this.#members = urls.map((url) => this.#makeMember(url));
    this.url = new URL(urls[0] ?? '');
    const { fixedHost } = this.#own;
    this.#hosts = new Set([...this.#members.map(({ name }) => name), ...(fixedHost ? [fixedHost.toLowerCase()] : [])]);
  }

  #makeMember(url: string): Member {
    const { settings, now, log } = this.#options;
    return new Member({
      url,
      times: settings,
      breaker: { failures: settings.originBreakerFailures, openMs: settings.originBreakerMs },
      health: healthTerms(settings),
      ask: (member, signal) => this.#isWell(member, signal),
      now,
      log,
    });
  }

  /** Whether answers may differ by the host that viewers ask for. */
  get varyByHost(): boolean {
    return this.#own.tellsViewedHost;
  }

  get reports(): readonly OriginReport[] {
    return this.#members.map(({ name, up, circuit, counts }) => ({ name, up, circuit, ...counts }));
  }

  /** Whether an origin calls itself so. */
  isOwnHost(host: string): boolean {
    return this.#hosts.has(host);
  }

  /** Begins to look after them. */
  start(): void {
    for (const member of this.#members) member.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
  }

  /**
   * Asks the first origin that is thought well and, where repeating does no harm, the next when that fails. Fails at once,
   * with ORIGIN_CIRCUIT_OPEN, when all of them have just been failing.
   */
  send(request: OriginRequest, sink: UpstreamSink): UpstreamCall {
    const { method, target, body } = request;
    const members = eligible(this.#members);
    if (members.length === 0) return refused(sink, this.#circuitsOpen());
    const tier = {
      members: mayRepeat(request) ? members : members.slice(0, 1),
      failoverStatuses: this.#failoverStatuses,
      // A body takes as long as the viewer takes to send it.
      limitMs: body ? undefined : this.#limitMs,
      requestTo: ({ url }: Member) => ({ method, target, body, ...this.#own.forOrigin(request, url) }),
    };
    const call = new GroupCall([tier], sink);
    call.begin();
    return call;
  }

  /** Sends a request and collects the answer. @throws Fault ORIGIN_… */
  text(request: OriginRequest, signal?: AbortSignal): Promise<UpstreamText> {
    return collected((sink) => this.send(request, sink), signal);
  }

  /** Asks to switch protocols; `fields` say to which. @throws Fault ORIGIN_CIRCUIT_OPEN */
  switch(request: OriginRequest): GroupSwitch {
    const { target } = request;
    const members = eligible(this.#members);
    if (members.length === 0) throw this.#circuitsOpen();
    return new GroupSwitch({
      members,
      failoverStatuses: this.#failoverStatuses,
      times: this.#options.settings,
      requestTo: ({ url }) => ({ url, target, ...this.#own.forOrigin(request, url) }),
    });
  }

  #circuitsOpen(): Fault {
    const waitMs = Math.min(...this.#members.map((member) => member.waitMs));
    return new Fault('ORIGIN_CIRCUIT_OPEN', { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
  }

  async #isWell({ upstream, url }: Member, signal: AbortSignal): Promise<boolean> {
    const { settings, sign } = this.#options;
    const target = settings.originHealthPath;
    const fields = [...(sign?.('GET', target) ?? []), 'User-Agent', 'Frontrow health check'];
    try {
      const sent = { method: 'GET', target, ...this.#own.forOrigin({ fields }, url) };
      const { head } = await upstream.text(sent, signal);
      return head.status < 400;
    } catch {
      // Whatever kept it from answering, it is not well; what changes by that is logged.
      return false;
    }
  }

  /** One whole attempt always fits. */
  get #limitMs(): number {
    const { originTotalMs, originConnectMs, originFirstByteMs } = this.#options.settings;
    return Math.max(originTotalMs, originConnectMs + originFirstByteMs);
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
function healthTerms(settings: OriginSettings): HealthTerms | undefined {
  const { originHealthPath: path, originHealthIntervalMs: intervalMs, originHealthTimeoutMs: timeoutMs } = settings;
  if (path === '') return undefined;
  if (!/^\/[\x21-\x7e]*$/.test(path))
    throw new SettingsError('FRONTROW_ORIGIN_HEALTH_PATH must be a path such as /health');
  return { intervalMs, timeoutMs, threshold: settings.originHealthThreshold };
}
