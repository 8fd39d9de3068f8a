import { isInvalidationEntry } from '../../kernel/edge-feed/invalidations-section.ts';
import type { LogNews } from '../../kernel/edge-feed/message.ts';
import { Fault } from '../../kernel/errors.ts';
import { EVERYTHING, parseTarget, type Target } from '../invalidation/target.ts';
import type { LogTaker } from './section.ts';

export interface FollowedParts {
  readonly invalidations: { invalidate(targets: readonly Target[], soft: boolean): Promise<number> };
  /** Resolves when it is known what an earlier process has stored and invalidated. */
  readonly ready: Promise<void>;
  /** Whether anything is kept at all. */
  readonly hasStored: () => boolean;
}

interface Batch {
  readonly targets: readonly Target[];
  readonly soft: boolean;
}

/** Carries out what operators invalidate at control. In force for every request that comes after the message. */
export class FollowedInvalidations implements LogTaker {
  readonly name = 'invalidations';
  readonly #parts: FollowedParts;

  constructor(parts: FollowedParts) {
    this.#parts = parts;
  }

  check({ after, entries }: LogNews): () => Promise<void> {
    const batches = entries.map(readBatch);
    return async () => {
      const { ready, hasStored } = this.#parts;
      await ready;
      // What was invalidated while nobody told this edge is not known: it goes on with nothing.
      if (after === null && hasStored()) await this.#carryOut({ targets: [EVERYTHING], soft: false });
      for (const batch of batches) await this.#carryOut(batch);
    };
  }

  /** How far it is, is all there is to keep; the rest stands in the journal of invalidations. */
  kept(): readonly unknown[] {
    return [];
  }

  restore(): void {}

  /** @throws Fault INVALIDATION_UNRECORDED: it is in force, and carried out anew when control tells it again */
  async #carryOut({ targets, soft }: Batch): Promise<void> {
    if (targets.length === 0) return;
    try {
      await this.#parts.invalidations.invalidate(targets, soft);
    } catch (cause) {
      if (!(cause instanceof Fault && cause.code === 'INVALIDATIONS_PENDING')) throw cause;
      // More than is looked for one by one; everything is no work at all.
      await this.#parts.invalidations.invalidate([EVERYTHING], soft);
    }
  }
}

/** @throws Fault ORIGIN_INVALID for what is no entry. A target that this edge does not know how to read is everything. */
function readBatch(entry: unknown): Batch {
  if (!isInvalidationEntry(entry)) throw new Fault('ORIGIN_INVALID', { detail: { of: 'invalidations' } });
  const targets = entry.paths.map((path) => parseTarget(`@${entry.distributionId}${path}`) ?? EVERYTHING);
  return { targets, soft: entry.soft };
}
