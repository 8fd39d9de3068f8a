import type { DiskTier } from '../cache/disk/disk-tier.ts';
import type { MemoryTier } from '../cache/memory-tier.ts';
import { inSteps } from './steps.ts';
import { covers, type Subject, type Target } from './target.ts';

/** What of one tier some targets cover. */
export interface TierSurvey {
  readonly entries: number;
  readonly bytes: number;
  /** The first of them. */
  readonly keys: readonly string[];
}

export interface Survey {
  readonly memory: TierSurvey;
  /** Undefined without a disk tier. */
  readonly disk: TierSurvey | undefined;
}

class Tally {
  entries = 0;
  bytes = 0;
  readonly keys: string[] = [];
  readonly #targets: readonly Target[];
  readonly #maxKeys: number;

  constructor(targets: readonly Target[], maxKeys: number) {
    this.#targets = targets;
    this.#maxKeys = maxKeys;
  }

  take(subject: Subject, bytes: number): void {
    if (!this.#targets.some((target) => covers(target, subject))) return;
    this.entries += 1;
    this.bytes += bytes;
    if (this.keys.length < this.#maxKeys) this.keys.push(subject.key);
  }

  get survey(): TierSurvey {
    const { entries, bytes, keys } = this;
    return { entries, bytes, keys };
  }
}

/** Counts what targets cover in both tiers, step by step and without changing anything. @throws what reading throws */
export async function surveyTiers(
  targets: readonly Target[],
  maxKeys: number,
  { memory, disk }: { readonly memory: MemoryTier; readonly disk: DiskTier | undefined },
): Promise<Survey> {
  const inMemory = new Tally(targets, maxKeys);
  await inSteps(memory.entries(), (entry) => {
    if (memory.stands(entry)) inMemory.take(entry, entry.sizeBytes);
  });
  if (!disk) return { memory: inMemory.survey, disk: undefined };
  const onDisk = new Tally(targets, maxKeys);
  await inSteps(disk.located, async (located) => {
    const found = await disk.peek(located);
    const entry = found?.answer ?? found?.marker;
    if (entry) onDisk.take(entry, found?.answer?.bodyBytes ?? 0);
  });
  return { memory: inMemory.survey, disk: onDisk.survey };
}
