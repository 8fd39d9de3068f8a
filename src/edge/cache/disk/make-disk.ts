import { join } from 'node:path';
import type { EdgeOptions } from '../../edge-options.ts';
import type { BanList } from '../../invalidation/ban-list.ts';
import type { MemoryTier } from '../memory-tier.ts';
import { DiskTier } from './disk-tier.ts';

/** The tier below the memory; undefined where it is switched off. */
export function makeDisk(options: EdgeOptions, memory: MemoryTier, bans: BanList): DiskTier | undefined {
  const { settings, dataDir, mode, originUrls, clock, log, worker = 0 } = options;
  if (settings.edgeDiskBytes === 0) return undefined;
  return new DiskTier({
    folder: join(dataDir, 'edge-cache', String(worker)),
    limitBytes: settings.edgeDiskBytes,
    // Our own paths name a film and its version wherever its origin is; another origin's mean something else elsewhere.
    // Those that stand in for the first have the same.
    identity: mode === 'film' ? 'films' : (originUrls[0] ?? ''),
    clock,
    log,
    memory,
    bans,
  });
}
