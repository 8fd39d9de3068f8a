import type { Fault } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { Upstream, type UpstreamTimes } from '../upstream.ts';
import { Breaker, type BreakerTerms, type Circuit } from './breaker.ts';
import { HealthCheck, type HealthTerms } from './health.ts';

/** What was asked of one server, and what came of it. */
interface MemberCounts {
  requests: number;
  /** No connection, or no answer that could be read, within the times. */
  failures: number;
  /** Requests that went on to the next one. */
  failovers: number;
}

export interface MemberOptions {
  readonly url: string;
  readonly times: UpstreamTimes;
  readonly breaker: BreakerTerms;
  /** Undefined for no checks. */
  readonly health: HealthTerms | undefined;
  /** Whether it says that it is well; never rejects. */
  readonly ask: (member: Member, signal: AbortSignal) => Promise<boolean>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly log: Log;
}

/** One server of a group, and what is known of how it fares. */
export class Member {
  /** Host and port, for logs and metrics. */
  readonly name: string;
  readonly url: URL;
  readonly upstream: Upstream;
  readonly counts: MemberCounts = { requests: 0, failures: 0, failovers: 0 };
  readonly #breaker: Breaker;
  readonly #health: HealthCheck | undefined;
  readonly #now: () => number;
  readonly #log: Log;
  #lastFailure: Fault | undefined;
  #toldOpen = false;

  constructor({ url, times, breaker, health, ask, now, log }: MemberOptions) {
    this.upstream = new Upstream(url, times);
    this.url = this.upstream.url;
    this.name = this.url.host;
    this.#now = now;
    this.#log = log.child({ origin: this.name });
    this.#breaker = new Breaker(breaker, (circuit) => this.#tellCircuit(circuit));
    this.#health =
      health &&
      new HealthCheck(
        health,
        (signal) => ask(this, signal),
        (up) => this.#tellHealth(up),
      );
  }

  /** As the checks have it; true without any. */
  get up(): boolean {
    return this.#health?.up ?? true;
  }

  get circuit(): Circuit {
    return this.#breaker.circuit;
  }

  get admits(): boolean {
    return this.#breaker.admits(this.#now());
  }

  /** Until it may be asked again, at the earliest. */
  get waitMs(): number {
    return this.#breaker.waitMs(this.#now());
  }

  start(): void {
    this.#health?.start();
  }

  async stop(): Promise<void> {
    this.#health?.stop();
    await this.upstream.stop();
  }

  /** Finishes what runs and then lets go of its connections. */
  async retire(): Promise<void> {
    this.#health?.stop();
    await this.upstream.retire();
  }

  /** A request begins; the caller has seen that it admits one. */
  enter(mayBeHeld = false): Turn {
    this.counts.requests += 1;
    const pass = this.#breaker.enter(this.#now(), mayBeHeld);
    return new Turn((outcome) => {
      if (outcome === 'dropped') this.#breaker.dropped(pass);
      else if (outcome === 'answered') this.#breaker.succeeded(pass, this.#now());
      else {
        this.counts.failures += 1;
        this.#lastFailure = outcome;
        this.#breaker.failed(pass, this.#now());
      }
    });
  }

  /** Once for each state, however often a probe fails in between. */
  #tellCircuit(circuit: Circuit): void {
    const { code } = this.#lastFailure ?? {};
    if (circuit === 'closed') this.#log.info({}, 'an origin answers again');
    else if (circuit === 'open' && !this.#toldOpen) this.#log.warn({ code }, 'an origin fails and is left alone');
    if (circuit !== 'half-open') this.#toldOpen = circuit === 'open';
  }

  #tellHealth(up: boolean): void {
    if (up) this.#log.info({}, 'an origin is up again');
    else this.#log.warn({}, 'an origin is down');
  }
}

type Outcome = 'answered' | 'dropped' | Fault;

/** One request's turn at a server. The first word about how it went is the only one that counts. */
export class Turn {
  readonly #end: (outcome: Outcome) => void;
  #ended = false;

  constructor(end: (outcome: Outcome) => void) {
    this.#end = end;
  }

  /** By whatever status: it works, whatever it makes of this request. */
  answered(): void {
    this.#tell('answered');
  }

  /** Faults that do not lie with the server tell nothing about it. */
  failed(fault: Fault): void {
    this.#tell(fault.side === 'upstream' ? fault : 'dropped');
  }

  dropped(): void {
    this.#tell('dropped');
  }

  #tell(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end(outcome);
  }
}
