import { Fault } from '../../kernel/errors.ts';
import type { ResponseHead } from '../../kernel/http/fields.ts';
import type { UpstreamCall, UpstreamRequest, UpstreamSink } from '../upstream.ts';
import type { Member } from './member.ts';

/** Whom to ask, in this order, and when to go on to the next. */
export interface Plan {
  /** At least one. */
  readonly members: readonly Member[];
  readonly failoverStatuses: ReadonlySet<number>;
  /** For all of them together, until the head of an answer; undefined for no limit. */
  readonly limitMs: number | undefined;
  requestTo(member: Member): UpstreamRequest;
}

/** One request to a group: who waits for it hears of one answer only, whoever gave it. */
export class GroupCall implements UpstreamCall {
  readonly #plan: Plan;
  readonly #sink: UpstreamSink;
  readonly #left: Member[];
  #attempt: Attempt | undefined;
  #overdue: NodeJS.Timeout | undefined;
  #aborted = false;
  #answeredBy: string | undefined;

  constructor(plan: Plan, sink: UpstreamSink) {
    this.#plan = plan;
    this.#sink = sink;
    this.#left = [...plan.members];
  }

  /** Who gave the answer, once there is one. */
  get origin(): string | undefined {
    return this.#answeredBy;
  }

  begin(): void {
    const { limitMs } = this.#plan;
    if (limitMs !== undefined) this.#overdue = setTimeout(() => this.#giveUp(), limitMs);
    this.#ask();
  }

  resume(): void {
    this.#attempt?.resume();
  }

  abort(): void {
    this.#aborted = true;
    clearTimeout(this.#overdue);
    this.#attempt?.abort();
  }

  #ask(): void {
    const member = this.#left.shift();
    if (!member) throw new Fault('INTERNAL', { detail: { step: 'asking a group of nobody' } });
    member.counts.requests += 1;
    const attempt = new Attempt(member, {
      isLast: this.#left.length === 0,
      answered: (head) => this.#answered(attempt, head),
      failed: (fault) => this.#failed(attempt, fault),
      sink: this.#sink,
    });
    this.#attempt = attempt;
    attempt.begin(this.#plan.requestTo(member));
  }

  /** True when this is the answer. */
  #answered(attempt: Attempt, head: ResponseHead): boolean {
    if (this.#plan.failoverStatuses.has(head.status) && this.#goesOn(attempt)) return false;
    clearTimeout(this.#overdue);
    this.#answeredBy = attempt.member.name;
    return true;
  }

  #failed(attempt: Attempt, fault: Fault): void {
    if (fault.side === 'upstream' && !this.#aborted && this.#answeredBy === undefined) {
      attempt.member.counts.failures += 1;
      if (this.#goesOn(attempt)) return;
    }
    clearTimeout(this.#overdue);
    this.#sink.fail(fault);
  }

  /** Asks the next one, where there is one. */
  #goesOn(attempt: Attempt): boolean {
    if (this.#left.length === 0 || this.#aborted) return false;
    attempt.member.counts.failovers += 1;
    attempt.discard();
    this.#ask();
    return true;
  }

  #giveUp(): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    attempt.member.counts.failures += 1;
    attempt.discard();
    attempt.abort();
    this.#sink.fail(new Fault('ORIGIN_TIMEOUT', { detail: { afterMs: this.#plan.limitMs } }));
  }
}

/** What an attempt is told and what it tells. */
interface AttemptOwner {
  /** Nobody is asked after this one. */
  readonly isLast: boolean;
  readonly sink: UpstreamSink;
  answered(head: ResponseHead): boolean;
  failed(fault: Fault): void;
}

/** Of an answer that nobody gets so much is read, so that its connection can be used again; a longer one is broken off. */
const MAX_SPILL_BYTES = 65_536;
/** Words before an answer that are kept until it is known whether it is the one. */
const MAX_INTERIMS = 8;

/** One server's turn. Once discarded it tells nothing any more. */
class Attempt implements UpstreamSink {
  readonly member: Member;
  readonly #owner: AttemptOwner;
  readonly #interims: ResponseHead[] = [];
  #call: UpstreamCall | undefined;
  #discarded = false;
  #spilledBytes = 0;

  constructor(member: Member, owner: AttemptOwner) {
    this.member = member;
    this.#owner = owner;
  }

  begin(request: UpstreamRequest): void {
    this.#call = this.member.upstream.send(request, this);
  }

  discard(): void {
    this.#discarded = true;
  }

  resume(): void {
    this.#call?.resume();
  }

  abort(): void {
    this.#call?.abort();
  }

  interim(head: ResponseHead): void {
    if (this.#discarded) return;
    if (this.#owner.isLast) this.#owner.sink.interim?.(head);
    else if (this.#interims.length < MAX_INTERIMS) this.#interims.push(head);
  }

  head(head: ResponseHead): void {
    if (this.#discarded || !this.#owner.answered(head)) return;
    for (const interim of this.#interims) this.#owner.sink.interim?.(interim);
    this.#owner.sink.head(head);
  }

  data(chunk: Buffer): boolean {
    if (!this.#discarded) return this.#owner.sink.data(chunk);
    this.#spilledBytes += chunk.length;
    if (this.#spilledBytes > MAX_SPILL_BYTES) this.abort();
    return true;
  }

  end(): void {
    if (!this.#discarded) this.#owner.sink.end();
  }

  fail(fault: Fault): void {
    if (!this.#discarded) this.#owner.failed(fault);
  }
}
