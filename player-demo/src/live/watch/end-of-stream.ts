import { type BufferAppendedData, Events, type default as Hls, type LevelDetails } from 'hls.js';

/** As much of a media playlist as says where its track ends. */
export type ListedTrack = Pick<LevelDetails, 'live' | 'partList' | 'fragments'>;

const LOOK_MS = 1_000;

/**
 * Tells the browser that no more will come, once all of an ended broadcast is appended. hls.js (1.7.4) looks for the last
 * part in what sound and picture have in common, and never finds it where one of them ends a little sooner; and it does not
 * load a part that came together with the end of its playlist. A browser that is told nothing can wait before the end for
 * good: after stalls Chromium wants more ahead than is left.
 */
export function endStreamOf(hls: Hls, video: HTMLVideoElement, signal: AbortSignal): void {
  let appended: BufferAppendedData['timeRanges'] = {};
  let main: LevelDetails | undefined;
  let sound: LevelDetails | undefined;
  const end = () => hls.trigger(Events.BUFFER_EOS, { type: null });

  const endWhenAppended = () => {
    const ends = Object.entries(appended).map(([type, ranges]) =>
      isAppended(type === 'audio' ? (sound ?? main) : main, ranges.length > 0 ? ranges.end(ranges.length - 1) : 0),
    );
    if (ends.length > 0 && ends.every(Boolean)) end();
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

  let looked: Look | undefined;
  const endWhenStanding = () => {
    const isOver = main?.live === false && sound?.live !== true;
    const look = { isOver, isLoading: isLoading(hls), wouldPlay: wouldPlay(video), atSeconds: video.currentTime };
    if (standsAtEnd(looked, look)) end();
    looked = look;
  };
  const timer = setInterval(endWhenStanding, LOOK_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** What the player does at a moment. */
export interface Look {
  /** The broadcast, by all of its playlists. */
  readonly isOver: boolean;
  readonly isLoading: boolean;
  /** It is to play and has nothing to play. */
  readonly wouldPlay: boolean;
  readonly atSeconds: number;
}

/** Whether a player waits for what nobody loads any more, by two looks one after the other. */
export function standsAtEnd(before: Look | undefined, now: Look): boolean {
  const waits = ({ isOver, isLoading, wouldPlay }: Look) => isOver && !isLoading && wouldPlay;
  return before !== undefined && waits(before) && waits(now) && before.atSeconds === now.atSeconds;
}

/** Whether a track that has ended is there up to its end, by the middle of its last piece: lengths in playlists are rounded. */
export function isAppended(track: ListedTrack | undefined, appendedToSeconds: number): boolean {
  const last = track?.partList?.at(-1) ?? track?.fragments.at(-1);
  return track?.live === false && last !== undefined && appendedToSeconds >= last.start + last.duration / 2;
}

function wouldPlay({ paused, seeking, ended, readyState }: HTMLVideoElement): boolean {
  return !paused && !seeking && !ended && readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
}

function isLoading(hls: Hls): boolean {
  const { main, audio } = hls.inFlightFragments;
  return [main, audio].some((track) => track !== undefined && track.state !== 'IDLE' && track.state !== 'ENDED');
}
