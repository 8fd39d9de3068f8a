import type { Verdict } from '../../kernel/access/proof.ts';

/** Leave to be here, which is asked for again and again. */
export interface Admission {
  /** The viewer's, for bans and limits. */
  readonly address: string;
  /** Where nobody needs a grant, granted without an end. */
  judge(nowMs: number): Judgement;
  /** Takes a token in place of what he came with, when it holds. */
  renew(token: string, nowMs: number): Judgement;
}

export type Judgement = Verdict | { readonly granted: true; readonly grant?: undefined };
