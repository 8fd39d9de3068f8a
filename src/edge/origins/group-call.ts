import { Fault } from '../../kernel/errors.ts';
import type { ResponseHead } from '../../kernel/http/fields.ts';
import type { UpstreamCall, UpstreamRequest, UpstreamSink } from '../upstream.ts';
import type { Member, Turn } from './member.ts';

/** Servers of one kind, to be asked in this order, and when to go on to the next. */
export interface Tier {
  readonly members: readonly Member[];
  readonly failoverStatuses: ReadonlySet<number>;
  /** For all of them together, until the head of an answer; undefined for no limit. */
  readonly limitMs: number | undefined;
  /** They may hold the answer: that it takes long tells nothing about them. */
  readonly isHeld: boolean;
  requestTo(member: Member): UpstreamRequest;
}

interface Candidate {
  readonly member: Member;
  readonly tier: Tier;
}

/** One request to a group: who waits for it hears of one answer only, whoever gave it. */
export class GroupCall implements UpstreamCall {
  readonly #sink: UpstreamSink;
  #left: Candidate[];
  #tier: Tier | undefined;
  #attempt: Attempt | undefined;
  #overdue: NodeJS.Timeout | undefined;
  #aborted = false;
  #answeredBy: string | undefined;

  /** At least one of the members admits a request. */
  constructor(tiers: readonly Tier[], sink: UpstreamSink) {
    this.#sink = sink;
    this.#left = tiers.flatMap((tier) => tier.members.map((member) => ({ member, tier })));
  }

  get begun(): boolean {
    return this.#attempt?.begun ?? false;
  }

  /** Who gave the answer, once there is one. */
  get origin(): string | undefined {
    return this.#answeredBy;
  }

  begin(): void {
    this.#ask();
  }

  resume(): void {
    this.#attempt?.resume();
  }

  abort(): void {
    this.#aborted = true;
    clearTimeout(this.#overdue);
    this.#attempt?.turn.dropped();
    this.#attempt?.abort();
  }

  #ask(): void {
    const at = this.#left.findIndex(({ member }) => member.admits);
    const candidate = this.#left[at];
    if (!candidate) throw new Fault('INTERNAL', { detail: { step: 'asking a group of nobody' } });
    this.#left = this.#left.slice(at + 1);
    const { member, tier } = candidate;
    this.#wind(tier);
    const attempt = new Attempt(member, {
      isLast: this.#left.length === 0,
      isHeld: tier.isHeld,
      answered: (head) => this.#answered(attempt, head),
      failed: (fault) => this.#failed(attempt, fault),
      sink: this.#sink,
    });
    this.#attempt = attempt;
    attempt.begin(tier.requestTo(member));
  }

  /** Each tier has its own time. */
  #wind(tier: Tier): void {
    if (tier === this.#tier) return;
    this.#tier = tier;
    clearTimeout(this.#overdue);
    if (tier.limitMs !== undefined) this.#overdue = setTimeout(() => this.#giveUp(tier), tier.limitMs);
  }

  /** True when this is the answer. */
  #answered(attempt: Attempt, head: ResponseHead): boolean {
    attempt.turn.answered();
    if (this.#tier?.failoverStatuses.has(head.status) && this.#goesOn(attempt)) return false;
    clearTimeout(this.#overdue);
    this.#answeredBy = attempt.member.name;
    return true;
  }

  #failed(attempt: Attempt, fault: Fault): void {
    if (isJustHeld(attempt, this.#tier, fault)) attempt.turn.dropped();
    else attempt.turn.failed(fault);
    const isOver = this.#answeredBy !== undefined || fault.side !== 'upstream';
    if (!isOver && this.#goesOn(attempt)) return;
    clearTimeout(this.#overdue);
    this.#sink.fail(fault);
  }

  /** Asks the next one, where there is one. */
  #goesOn(attempt: Attempt): boolean {
    if (this.#aborted || !this.#left.some(({ member }) => member.admits)) return false;
    attempt.member.counts.failovers += 1;
    attempt.discard();
    this.#ask();
    return true;
  }

  /** Nobody else of the tier is asked. */
  #giveUp(tier: Tier): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    const fault = new Fault('ORIGIN_TIMEOUT', { detail: { afterMs: tier.limitMs } });
    // Who waits in our own queue for a connection has seen nothing of the server.
    if (attempt.begun && !tier.isHeld) attempt.turn.failed(fault);
    else attempt.turn.dropped();
    this.#left = this.#left.filter((each) => each.tier !== tier);
    const isDone = !this.#goesOn(attempt);
    attempt.discard();
    attempt.abort();
    if (isDone) this.#sink.fail(fault);
  }
}

/** Whether it had all the request, and held it for longer than anybody waits. */
function isJustHeld({ begun }: Attempt, tier: Tier | undefined, { code }: Fault): boolean {
  return tier?.isHeld === true && begun && code === 'ORIGIN_TIMEOUT';
}

/** What an attempt is told and what it tells. */
interface AttemptOwner {
  /** Nobody is asked after this one. */
  readonly isLast: boolean;
  readonly isHeld: boolean;
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
  readonly turn: Turn;
  readonly #owner: AttemptOwner;
  readonly #interims: ResponseHead[] = [];
  #call: UpstreamCall | undefined;
  #discarded = false;
  #spilledBytes = 0;

  constructor(member: Member, owner: AttemptOwner) {
    this.member = member;
    this.turn = member.enter(owner.isHeld);
    this.#owner = owner;
  }

  begin(request: UpstreamRequest): void {
    this.#call = this.member.upstream.send(request, this);
  }

  get begun(): boolean {
    return this.#call?.begun ?? false;
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
