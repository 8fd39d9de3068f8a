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
    let left = [...this.#plan.members];
    for (let member = left.shift(); member; member = left.shift()) {
      const answer = await this.#askOne(member);
      left = left.filter((each) => each.admits);
      const isLast = left.length === 0 || this.#aborted;
      if (answer instanceof Fault) {
        if (isLast || answer.side !== 'upstream') throw answer;
      } else if (isLast || !this.#isFailure(answer)) {
        this.#answeredBy = member.name;
        return answer;
      }
      member.counts.failovers += 1;
    }
    throw new Fault('INTERNAL', { detail: { step: 'asking a group of nobody' } });
  }

  async #askOne(member: Member): Promise<SwitchAnswer | Fault> {
    const turn = member.enter();
    this.#call = new SwitchCall(this.#plan.requestTo(member), this.#plan.times);
    try {
      const answer = await this.#call.answer;
      turn.answered();
      return answer;
    } catch (cause) {
      const fault = Fault.from(cause);
      turn.failed(fault);
      return fault;
    }
  }

  #isFailure(answer: SwitchAnswer): boolean {
    return !answer.switched && this.#plan.failoverStatuses.has(answer.status);
  }
}
