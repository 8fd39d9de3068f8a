import type { Invalidation } from '../../database/invalidations.ts';
import type { InvalidationEntry } from '../../kernel/edge-feed/invalidations-section.ts';
import type { LogSection } from './sections.ts';

export interface InvalidationSource {
  latest(): Promise<number>;
  /** Up to which number some are kept no more. */
  swept(): Promise<number>;
  after(sequence: number, limit: number): Promise<readonly Invalidation[]>;
}

/** Whoever missed more than so many is told to forget everything, which costs less. */
const MAX_ENTRIES = 2_000;

/**
 * What is not to be served any more. An edge whose number is not known here, or that is behind what is kept, has missed it
 * knows not what.
 */
export function invalidationsSection(invalidations: InvalidationSource): LogSection {
  return {
    name: 'invalidations',
    after: async (sequence) => {
      const found = sequence === undefined ? [] : await invalidations.after(sequence, MAX_ENTRIES + 1);
      const hasMissed =
        sequence === undefined || found.length > MAX_ENTRIES || sequence < (await invalidations.swept());
      if (hasMissed) return { whole: true, upTo: await invalidations.latest(), entries: [] };
      const entries = found.map(
        ({ distributionId, paths, soft }): InvalidationEntry => ({ distributionId, paths, soft }),
      );
      return { whole: false, upTo: found.at(-1)?.sequence ?? sequence, entries };
    },
  };
}
