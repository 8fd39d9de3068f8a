import { type BufferAppendedData, Events, type default as Hls, type LevelDetails } from 'hls.js';

/** As much of a media playlist as says where its track ends. */
export type ListedTrack = Pick<LevelDetails, 'live' | 'partList' | 'fragments'>;

/**
 * Tells the browser that no more will come, once all of an ended broadcast is appended. hls.js looks for the last part in
 * what sound and picture have in common, and never finds it where one of them ends a little sooner (`_streamEnded`, 1.7.4).
 * A browser that is told nothing can wait before the end for good: after stalls Chromium wants more ahead than is left.
 */
export function endStreamOf(hls: Hls): void {
  let appended: BufferAppendedData['timeRanges'] = {};
  let main: LevelDetails | undefined;
  let sound: LevelDetails | undefined;
  const endWhenAppended = () => {
    const ends = Object.entries(appended).map(([type, ranges]) =>
      isAppended(type === 'audio' ? (sound ?? main) : main, ranges.length > 0 ? ranges.end(ranges.length - 1) : 0),
    );
    if (ends.length > 0 && ends.every(Boolean)) hls.trigger(Events.BUFFER_EOS, { type: null });
  };
  hls.on(Events.BUFFER_APPENDED, (_, { timeRanges }) => {
    appended = timeRanges;
    endWhenAppended();
  });
  hls.on(Events.LEVEL_UPDATED, (_, { details }) => {
    main = details;
    endWhenAppended();
  });
  hls.on(Events.AUDIO_TRACK_UPDATED, (_, { details }) => {
    sound = details;
    endWhenAppended();
  });
}

/** Whether a track that has ended is there up to its end, by the middle of its last piece: lengths in playlists are rounded. */
export function isAppended(track: ListedTrack | undefined, appendedToSeconds: number): boolean {
  const last = track?.partList?.at(-1) ?? track?.fragments.at(-1);
  return track?.live === false && last !== undefined && appendedToSeconds >= last.start + last.duration / 2;
}
