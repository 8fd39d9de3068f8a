import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { PlaybackSource } from './carriers.ts';
import { Engine, type Hls } from './engine.ts';
import { readGrantFacts } from './grant-facts.ts';
import type { Level } from './levels.ts';
import { followState, type MediaState } from './media-state.ts';
import { explainFailure, type PlaybackError } from './playback-error.ts';
import { emptyRing, pushRing, type Ring, type SegmentFact } from './stats-ring.ts';
import { NO_TRACKS, type TrackList } from './tracks.ts';

declare global {
  interface Window {
    /** For browser tests only. */
    __frontrowPlayer?: { readonly hls: Hls | undefined; readonly video: HTMLVideoElement };
  }
}

const SEGMENTS_SHOWN = 48;

export type PlaybackState = 'loading' | 'ready' | MediaState | 'error';

/** Everything the player's parts show about one playback. */
export interface Playback {
  readonly state: PlaybackState;
  readonly levels: readonly Level[];
  readonly playingLevel: number;
  readonly chosenLevel: number;
  readonly audio: TrackList;
  readonly subtitles: TrackList;
  readonly segments: Ring<SegmentFact>;
  /** From asking for the manifest to the first picture. */
  readonly firstFrameMs?: number;
  readonly error?: PlaybackError;
}

const START: Playback = {
  state: 'loading',
  levels: [],
  playingLevel: -1,
  chosenLevel: -1,
  audio: NO_TRACKS,
  subtitles: NO_TRACKS,
  segments: emptyRing(SEGMENTS_SHOWN),
};

export interface PlaybackControl {
  readonly playback: Playback;
  readonly bandwidthBps: () => number | undefined;
  readonly chooseLevel: (index: number) => void;
  readonly chooseAudio: (id: number) => void;
  readonly chooseSubtitles: (id: number) => void;
  readonly toggleSubtitles: () => void;
  readonly retry: () => void;
}

/** Plays `source` on the element. A changed source goes on at the same second; `retry` starts the same one again. */
export function usePlayback(video: HTMLVideoElement | null, source: PlaybackSource | undefined): PlaybackControl {
  const [playback, setPlayback] = useState(START);
  const [attempt, setAttempt] = useState(0);
  const engine = useRef<Engine | undefined>(undefined);
  const place = useRef({ atSeconds: 0, playing: false });
  const url = source?.url;
  const withCredentials = source?.withCredentials ?? false;

  useEffect(() => {
    if (!video || url === undefined) return;
    const change = (part: Partial<Playback>) => setPlayback((now) => ({ ...now, ...part }));
    const startedAtMs = performance.now();
    setPlayback(START);
    const next = new Engine(
      video,
      { url, withCredentials },
      {
        onLevels: (levels) => change({ levels }),
        onQuality: (playingLevel, chosenLevel) => change({ playingLevel, chosenLevel }),
        onAudio: (audio) => change({ audio }),
        onSubtitles: (subtitles) => change({ subtitles }),
        onSegment: (segment) => setPlayback((now) => ({ ...now, segments: pushRing(now.segments, segment) })),
        onFailure: (failure) =>
          change({ state: 'error', error: explainFailure(failure, readGrantFacts(url), Date.now()) }),
      },
    );
    engine.current = next;
    window.__frontrowPlayer = { hls: next.hls, video };
    const setState = (state: PlaybackState) => setPlayback((now) => (now.error ? now : { ...now, state }));
    const unfollow = followMedia(video, setState, () => change({ firstFrameMs: performance.now() - startedAtMs }));
    next.start({ url, withCredentials }, place.current.atSeconds);
    if (place.current.playing) void video.play().catch(() => undefined); // Refused autoplay shows as paused, which it is.
    return () => {
      unfollow();
      // Stopping empties the element, which forgets where it was. One that never had a picture knows no place.
      if (video.readyState > 0) place.current = placeOf(video);
      next.stop();
      delete window.__frontrowPlayer;
    };
  }, [video, url, withCredentials, attempt]);

  return {
    playback,
    bandwidthBps: useCallback(() => engine.current?.bandwidthBps, []),
    chooseLevel: useCallback((index: number) => engine.current?.choose(index), []),
    chooseAudio: useCallback((id: number) => engine.current?.chooseAudio(id), []),
    chooseSubtitles: useCallback((id: number) => engine.current?.chooseSubtitles(id), []),
    toggleSubtitles: useCallback(() => engine.current?.toggleSubtitles(), []),
    retry: useCallback(() => setAttempt((count) => count + 1), []),
  };
}

function placeOf(video: HTMLVideoElement): { atSeconds: number; playing: boolean } {
  return video.ended ? { atSeconds: 0, playing: false } : { atSeconds: video.currentTime, playing: !video.paused };
}

function followMedia(
  video: HTMLVideoElement,
  onState: (state: PlaybackState) => void,
  onFirstFrame: () => void,
): () => void {
  const stop = new AbortController();
  followState(video, onState, stop.signal);
  const loaded = () => {
    onFirstFrame();
    if (video.paused) onState('ready');
  };
  video.addEventListener('loadeddata', loaded, { once: true, signal: stop.signal });
  return () => stop.abort();
}
