/** A track of sound or of text as a menu shows it. `id` is the engine's own number for it. */
export interface Track {
  readonly id: number;
  readonly label: string;
  readonly note?: string;
}

export interface TrackList {
  readonly tracks: readonly Track[];
  /** -1 for none. */
  readonly chosen: number;
}

export const NO_TRACKS: TrackList = { tracks: [], chosen: -1 };

/** What the playlist says of channels, such as `6` or `16/JOC`, as people say it. */
export function channelNote(channels: string | undefined): string | undefined {
  const count = Number.parseInt(channels ?? '', 10);
  if (count === 1) return 'mono';
  if (count === 6) return '5.1';
  if (count === 8) return '7.1';
  return count === 2 ? 'stereo' : undefined;
}

/** The chosen track's label; `none` where nothing is chosen. */
export function trackName({ tracks, chosen }: TrackList, none: string): string {
  return tracks.find(({ id }) => id === chosen)?.label ?? none;
}
