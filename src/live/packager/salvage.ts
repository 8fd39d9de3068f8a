import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BroadcastRepository } from '../../database/broadcasts.ts';
import type { RecordingRepository } from '../../database/recordings.ts';
import type { Log } from '../../kernel/log.ts';
import { type RecoveryDeps, recover } from './recover.ts';

export interface SalvageDeps extends RecoveryDeps {
  readonly broadcasts: Pick<BroadcastRepository, 'ofRecording'>;
  readonly recordings: RecoveryDeps['recordings'] & Pick<RecordingRepository, 'isOpen'>;
  /** Where spools lie. */
  readonly folder: string;
  readonly log: Log;
}

/**
 * Records what spools have of broadcasts that are over, which nobody will take up again, and removes them. What cannot be
 * recorded now stays for the next time, as does what is still under way. Resolves to the recordings that have all there is
 * of them now.
 */
export async function salvageSpools(deps: SalvageDeps): Promise<string[]> {
  const salvaged: string[] = [];
  const spools = await readdir(deps.folder).catch(() => []);
  for (const recordingId of spools) {
    try {
      if (await salvage(deps, recordingId)) salvaged.push(recordingId);
    } catch (cause) {
      deps.log.warn({ err: cause, recording: recordingId }, 'the rest of a recording stays on this disk for now');
    }
  }
  return salvaged;
}

async function salvage(deps: SalvageDeps, recordingId: string): Promise<boolean> {
  const folder = join(deps.folder, recordingId);
  const broadcast = await deps.broadcasts.ofRecording(recordingId);
  if (broadcast && broadcast.endedAtMs === undefined) return false;
  // Another node may have finished it meanwhile, without what lies here.
  const isWanted = broadcast !== undefined && (await deps.recordings.isOpen(recordingId));
  if (isWanted) await recover(deps, recordingId, broadcast.format, folder);
  await rm(folder, { recursive: true, force: true });
  return isWanted;
}
