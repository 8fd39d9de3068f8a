import type { RevocationChange } from '../../database/revocations.ts';
import type { RevocationEntry } from '../../kernel/edge-feed/revocations-section.ts';
import type { LogSection } from './sections.ts';

export interface RevocationSource {
  changes(sequence: number | undefined): Promise<readonly RevocationChange[]>;
}

/** Single grants that count no more. */
export function revocationsSection(revocations: RevocationSource): LogSection {
  return {
    name: 'revocations',
    after: async (sequence) => {
      const changes = await revocations.changes(sequence);
      const entries = changes.map(
        ({ grantId: id, expiresAtMs, removed }): RevocationEntry =>
          removed ? { id, expiresAtMs, removed } : { id, expiresAtMs },
      );
      return { whole: sequence === undefined, upTo: changes.at(-1)?.sequence ?? sequence ?? 0, entries };
    },
  };
}
