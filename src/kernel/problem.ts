import type { Fault, FaultCode, FieldError } from './errors.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** An error as RFC 9457 sends it; `code` is what scripts branch on. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: FaultCode;
  readonly detail: string;
  /** Where several fields were looked at: each that is wrong. */
  readonly errors?: readonly FieldError[];
  readonly requestId?: string;
}

/** `reasonPhrase` is what HTTP calls the fault's status. */
export function problemOf(fault: Fault, reasonPhrase = 'Error', requestId?: string): Problem {
  return {
    type: `/docs/errors#${fault.code}`,
    title: reasonPhrase,
    status: fault.status,
    code: fault.code,
    detail: fault.message,
    ...(fault.errors === undefined ? {} : { errors: fault.errors }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}
