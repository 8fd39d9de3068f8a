import { Fault } from '../kernel/errors.ts';
import type { Exchange, Step } from './exchange.ts';

/** One function a step; each returns the next. Only steps that must wait return a promise. */
export type Phase = (x: Exchange) => Step | Promise<Step>;
export type PhaseTable = Readonly<Record<Exclude<Step, 'settle'>, Phase>> & { readonly settle: (x: Exchange) => void };

/**
 * Runs an exchange from a step to its end, by the phases that it has at each: a route may lead to others. Not an async
 * function: a memory hit goes through every step in one turn, without a promise.
 */
export function drive(x: Exchange, from: Step = 'receive'): void {
  let step = from;
  while (step !== 'settle') {
    x.trail.push(step);
    try {
      const next = x.phases[step](x);
      if (typeof next !== 'string') {
        const at = step;
        next.then(
          (then) => drive(x, then),
          (cause) => drive(x, afterFault(x, at, cause)),
        );
        return;
      }
      step = next;
    } catch (cause) {
      step = afterFault(x, step, cause);
    }
  }
  x.phases.settle(x);
}

/** A fault is answered once: when the head is out, or refusing failed itself, what is left is to settle. */
function afterFault(x: Exchange, step: Step, cause: unknown): Step {
  x.fault = Fault.from(cause);
  return step === 'refuse' || x.headSent ? 'settle' : 'refuse';
}
