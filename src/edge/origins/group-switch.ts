import { Fault } from '../../kernel/errors.ts';
import { type SwitchAnswer, SwitchCall, type SwitchRequest, type SwitchTimes } from '../tunnel.ts';
import type { Member } from './member.ts';

/** Whom to ask to switch protocols, in this order. */
export interface SwitchPlan {
  readonly members: readonly Member[];
  readonly failoverStatuses: ReadonlySet<number>;
  readonly times: SwitchTimes;
  requestTo(member: Member): SwitchRequest;
}

/** A request to a group to switch protocols: the answer is that of the first who does, or of the last one's refusal. */
export class GroupSwitch {
  readonly answer: Promise<SwitchAnswer>;
  readonly #plan: SwitchPlan;
  #call: SwitchCall | undefined;
  #aborted = false;
  #answeredBy: string | undefined;

  /** `answer` rejects with a Fault ORIGIN_… */
  constructor(plan: SwitchPlan) {
    this.#plan = plan;
    this.answer = this.#ask();
  }

  /** Who gave the answer, once there is one. */
  get origin(): string | undefined {
    return this.#answeredBy;
  }

  abort(): void {
    this.#aborted = true;
    this.#call?.abort();
  }

  async #ask(): Promise<SwitchAnswer> {
    let fault = new Fault('ORIGIN_UNREACHABLE');
    const { members } = this.#plan;
    for (const [at, member] of members.entries()) {
      const isLast = at === members.length - 1;
      const answer = await this.#askOne(member);
      if (!(answer instanceof Fault) && (isLast || !this.#isFailure(answer))) {
        this.#answeredBy = member.name;
        return answer;
      }
      if (answer instanceof Fault) fault = answer;
      if (this.#aborted || fault.side !== 'upstream') break;
      if (!isLast) member.counts.failovers += 1;
    }
    throw fault;
  }

  async #askOne(member: Member): Promise<SwitchAnswer | Fault> {
    member.counts.requests += 1;
    this.#call = new SwitchCall(this.#plan.requestTo(member), this.#plan.times);
    try {
      return await this.#call.answer;
    } catch (cause) {
      const fault = Fault.from(cause);
      if (fault.side === 'upstream') member.counts.failures += 1;
      return fault;
    }
  }

  #isFailure(answer: SwitchAnswer): boolean {
    return !answer.switched && this.#plan.failoverStatuses.has(answer.status);
  }
}
