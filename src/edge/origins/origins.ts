import type { Readable } from 'node:stream';
import {
  collected,
  mayRepeat,
  type UpstreamCall,
  type UpstreamSink,
  type UpstreamText,
  type UpstreamTimes,
} from '../upstream.ts';
import { parseFailoverStatuses } from './failover.ts';
import { GroupCall } from './group-call.ts';
import { GroupSwitch } from './group-switch.ts';
import { Member } from './member.ts';
import { type OwnFieldSettings, OwnFields, type Unaddressed } from './own-fields.ts';

export interface OriginSettings extends UpstreamTimes, OwnFieldSettings {
  /** Statuses with commas. */
  readonly originFailoverStatuses: string;
  readonly originTotalMs: number;
}

export interface OriginsOptions {
  /** In the order in which they are asked; at least one. */
  readonly urls: readonly string[];
  /** Whether they are origins of ours. */
  readonly ours: boolean;
  readonly settings: OriginSettings;
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
  readonly #settings: OriginSettings;
  readonly #own: OwnFields;
  readonly #failoverStatuses: ReadonlySet<number>;
  readonly #hosts: ReadonlySet<string>;

  /** @throws SettingsError */
  constructor({ urls, ours, settings }: OriginsOptions) {
    this.#settings = settings;
    this.#own = new OwnFields(settings);
    const statuses = [...parseFailoverStatuses(settings.originFailoverStatuses)];
    this.#failoverStatuses = new Set(ours ? statuses.filter((status) => status !== OURS_WAITS) : statuses);
    this.#members = urls.map((url) => new Member(url, settings));
    this.url = new URL(urls[0] ?? '');
    const { fixedHost } = this.#own;
    this.#hosts = new Set([...this.#members.map(({ name }) => name), ...(fixedHost ? [fixedHost.toLowerCase()] : [])]);
  }

  /** Whether answers may differ by the host that viewers ask for. */
  get varyByHost(): boolean {
    return this.#own.tellsViewedHost;
  }

  get reports(): readonly OriginReport[] {
    return this.#members.map(({ name, counts }) => ({ name, ...counts }));
  }

  /** Whether an origin calls itself so. */
  isOwnHost(host: string): boolean {
    return this.#hosts.has(host);
  }

  /** Asks the first origin and, where repeating does no harm, the next when that fails. */
  send(request: OriginRequest, sink: UpstreamSink): UpstreamCall {
    const { method, target, body } = request;
    const call = new GroupCall(
      {
        members: mayRepeat(request) ? this.#members : this.#members.slice(0, 1),
        failoverStatuses: this.#failoverStatuses,
        // A body takes as long as the viewer takes to send it.
        limitMs: body ? undefined : this.#limitMs,
        requestTo: ({ url }) => ({ method, target, body, ...this.#own.forOrigin(request, url) }),
      },
      sink,
    );
    call.begin();
    return call;
  }

  /** Sends a request and collects the answer. @throws Fault ORIGIN_… */
  text(request: OriginRequest, signal?: AbortSignal): Promise<UpstreamText> {
    return collected((sink) => this.send(request, sink), signal);
  }

  /** Asks to switch protocols; `fields` say to which. */
  switch(request: OriginRequest): GroupSwitch {
    const { target } = request;
    return new GroupSwitch({
      members: this.#members,
      failoverStatuses: this.#failoverStatuses,
      times: this.#settings,
      requestTo: ({ url }) => ({ url, target, ...this.#own.forOrigin(request, url) }),
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(({ upstream }) => upstream.stop()));
  }

  /** One whole attempt always fits. */
  get #limitMs(): number {
    const { originTotalMs, originConnectMs, originFirstByteMs } = this.#settings;
    return Math.max(originTotalMs, originConnectMs + originFirstByteMs);
  }
}
