import type { GrantId } from '../../kernel/access/grant-id.ts';
import type { RevokedGrants } from '../../kernel/access/proof.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { LogNews } from '../../kernel/edge-feed/message.ts';
import { isRevocationEntry, type RevocationEntry } from '../../kernel/edge-feed/revocations-section.ts';
import { Fault } from '../../kernel/errors.ts';
import type { LogTaker } from './section.ts';

/** How long one is remembered after its grant is over: clocks of viewers' edges may differ by so much and more. */
const GRACE_MS = 600_000;

/** The grants that were revoked one by one, until each is over by itself. */
export class FollowedRevocations implements LogTaker, RevokedGrants {
  readonly name = 'revocations';
  readonly #clock: Clock;
  #expiries = new Map<GrantId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(id: GrantId): boolean {
    return this.#expiries.has(id);
  }

  check({ after, entries }: LogNews): () => void {
    const read = entries.map(readEntry);
    return () => {
      if (after === null) this.#expiries = new Map();
      this.#take(read);
    };
  }

  kept(): readonly RevocationEntry[] {
    return [...this.#expiries].map(([id, expiresAtMs]) => ({ id, expiresAtMs }));
  }

  restore(entries: readonly unknown[]): void {
    this.#take(entries.map(readEntry));
  }

  #take(entries: readonly RevocationEntry[]): void {
    for (const { id, expiresAtMs, removed } of entries) {
      if (removed) this.#expiries.delete(id);
      else this.#expiries.set(id, expiresAtMs);
    }
    // Those that are over are looked for when there is something new, which is often enough: they do no harm.
    const past = this.#clock.now() - GRACE_MS;
    for (const [id, expiresAtMs] of this.#expiries) if (expiresAtMs < past) this.#expiries.delete(id);
  }
}

/** @throws Fault ORIGIN_INVALID */
function readEntry(entry: unknown): RevocationEntry {
  if (!isRevocationEntry(entry)) throw new Fault('ORIGIN_INVALID', { detail: { of: 'revocations' } });
  return entry;
}
