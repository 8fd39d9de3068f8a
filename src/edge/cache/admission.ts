import type { Lifetime } from '../../kernel/http/freshness.ts';
import type { UnstorableReason } from '../../kernel/http/storable.ts';

/** What may be done with an answer beside handing it to the viewer it was fetched for. */
export interface Admission {
  /** Becomes an entry when complete. */
  readonly keep: boolean;
  /** May be read by viewers who were waiting for it: kept answers, and failures, which are everybody's. */
  readonly shared: boolean;
  /** Why it is not kept. */
  readonly reason: UnstorableReason | 'too-large' | 'no-room' | undefined;
  readonly lifetime: Lifetime;
  /** Request fields the answer depends on. */
  readonly varyNames: readonly string[];
  /** Fields for the viewer it was fetched for and nobody else. */
  readonly unkeptFields: readonly string[];
}
