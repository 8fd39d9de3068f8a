import type { SampleTable } from './sample-table.ts';

/** How much of a file must be there before its film can be read up to a time, as the file's index tells. */
export class ArrivalMap {
  readonly #tracks: readonly Track[];

  private constructor(tracks: readonly Track[]) {
    this.#tracks = tracks;
  }

  /** Undefined for edit lists that show media in another order than the file has it. */
  static of(tables: readonly SampleTable[]): ArrivalMap | undefined {
    const tracks = tables.filter(({ kind }) => kind !== 'other').map(readTrack);
    const known = tracks.filter((track) => track !== undefined);
    return known.length > 0 && known.length === tracks.length ? new ArrivalMap(known) : undefined;
  }

  /** Bytes from the file's start up to the end of everything that is decoded until `seconds` on the film's clock. */
  bytesUntil(seconds: number): number {
    return Math.max(...this.#tracks.map((track) => endBefore(track, seconds)));
  }
}

interface Track {
  readonly table: SampleTable;
  /** Where all samples up to one have ended. */
  readonly ends: Float64Array;
  /** The track's own time at the film's time 0. */
  readonly shiftSeconds: number;
}

function readTrack(table: SampleTable): Track | undefined {
  const shown = table.edits.filter(({ mediaTicks }) => mediaTicks >= 0);
  if (shown.length > 1 || shown.some(({ isPlainRate }) => !isPlainRate)) return undefined;
  const delays = table.edits.filter(({ mediaTicks }) => mediaTicks < 0);
  const delaySeconds = delays.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  const ends = new Float64Array(table.count);
  let latest = 0;
  for (let sample = 0; sample < table.count; sample += 1) {
    latest = Math.max(latest, (table.offsets[sample] ?? 0) + (table.sizeBytes[sample] ?? 0));
    ends[sample] = latest;
  }
  return { table, ends, shiftSeconds: (shown[0]?.mediaTicks ?? 0) / table.timescale - delaySeconds };
}

function endBefore({ table, ends, shiftSeconds }: Track, seconds: number): number {
  const ticks = (seconds + shiftSeconds) * table.timescale;
  // The first sample that is decoded later; times never fall.
  let low = 0;
  let high = table.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((table.decodeTicks[middle] ?? 0) <= ticks) low = middle + 1;
    else high = middle;
  }
  return ends[Math.max(0, low - 1)] ?? 0;
}
