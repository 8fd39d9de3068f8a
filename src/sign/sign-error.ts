import { Fault } from '../kernel/errors.ts';

/** What was wrong: with the key or its id, with the URL or path, or with one of the terms. */
export type SignProblem = 'KEY_INVALID' | 'URL_INVALID' | 'TERMS_INVALID';

/** Says in one sentence what was given and cannot be signed. The key never stands in it. */
export class SignError extends Error {
  override readonly name = 'SignError';
  readonly code: SignProblem;

  constructor(code: SignProblem, says: string, cause?: unknown) {
    super(says, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Runs what the kernel signs with; its refusals become ours. */
export function refusedAs<Result>(code: SignProblem, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof Fault) throw new SignError(code, thrown.message, thrown);
    throw thrown;
  }
}
