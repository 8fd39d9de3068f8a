import type { Storyboard } from '../film/film.ts';
import type { BroadcastFormat } from '../live/broadcast.ts';

/** What an asset keeps of the recording that it is, beside its segments. There is no source that it could be made of again. */
export interface RecordedFilm {
  readonly from: RecordedFrom;
  /** What it holds; until it is whole, what its broadcast sends. */
  readonly format: Pick<BroadcastFormat, 'video' | 'audio'>;
  /** Absent until it is whole. */
  readonly durationSeconds?: number;
  /** Absent until it is made, and the poster with it; for good where there is only sound. */
  readonly storyboard?: Storyboard;
}

export type RecordedFrom = BroadcastRef | ClipRange;

export interface BroadcastRef {
  readonly streamId: string;
  readonly broadcast: number;
}

/** What was taken of which asset, on that one's clock: whole segments. */
export interface ClipRange {
  readonly assetId: string;
  readonly inSeconds: number;
  readonly outSeconds: number;
  /** How far into it that begins what was asked for. */
  readonly leadSeconds: number;
}

/** The clip that an asset is; undefined for any other. */
export function clipOf({ from }: RecordedFilm): ClipRange | undefined {
  return 'assetId' in from ? from : undefined;
}
