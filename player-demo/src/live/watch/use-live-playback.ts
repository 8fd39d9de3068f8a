import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Level } from '../../player/levels.ts';
import { followState, type MediaState } from '../../player/media-state.ts';
import type { ChannelClient } from '../channel/channel-client.ts';
import type { ChannelBroadcast } from '../channel/messages.ts';
import type { Delivery } from '../deliveries.ts';
import type { LiveSource } from '../live-source.ts';
import { ChannelPlayer } from './channel-player.ts';
import { HlsLive } from './hls-live.ts';
import { type LiveEngine, type LiveEngineListener, type LiveReading, NO_READING } from './live-engine.ts';
import { readTimeCode } from './time-code-reader.ts';

declare global {
  interface Window {
    /** For browser tests and measurements only. */
    __frontrowLive?: {
      readonly video: HTMLVideoElement;
      readonly delivery: Delivery;
      readonly read: () => LiveReading;
      /** What the time code in the picture says, epoch milliseconds. */
      readonly timeCode: () => number | undefined;
    };
  }
}

const READ_MS = 250;
/** A channel that cannot be played is left for the playlist. */
const CHANNEL_TRIES = 3;

export type PlayState = 'loading' | MediaState;

export interface LivePlayback {
  readonly delivery: Delivery;
  readonly state: PlayState;
  readonly reading: LiveReading;
  readonly levels: readonly Level[];
  readonly playingLevel: number;
  readonly chosenLevel: number;
  readonly stalls: number;
  readonly brokenBy: string | undefined;
}

export interface LiveControl {
  readonly playback: LivePlayback;
  readonly choose: (level: number) => void;
  readonly deliver: (delivery: Delivery) => void;
  readonly goLive: () => void;
  /** By the playlist, since a channel has no past. */
  readonly seekBehind: (seconds: number) => void;
}

export interface LiveProgram {
  readonly source: LiveSource;
  readonly client: ChannelClient;
  /** Known where the channel is; without it there is the playlist. */
  readonly broadcast: ChannelBroadcast | undefined;
}

const START = {
  state: 'loading' as PlayState,
  reading: NO_READING,
  levels: [] as readonly Level[],
  playingLevel: -1,
  chosenLevel: -1,
  stalls: 0,
  brokenBy: undefined as string | undefined,
};

/** Plays one broadcast. Undefined while there is none. */
export function useLivePlayback(
  video: HTMLVideoElement | null,
  program: LiveProgram | undefined,
  deliveryAtFirst: Delivery,
  /** Told before the engine is changed for another. */
  onChange: () => void,
): LiveControl {
  const [delivery, setDelivery] = useState(deliveryAtFirst);
  const [playback, setPlayback] = useState(START);
  const [attempt, setAttempt] = useState(0);
  const engine = useRef<LiveEngine | undefined>(undefined);
  const startBehind = useRef(0);
  const channelTries = useRef(0);
  const { source, client, broadcast } = program ?? {};
  const number = broadcast?.number;

  useEffect(() => {
    if (!video || !source || !client) return;
    let current = true;
    const change = (part: Partial<typeof START>) => setPlayback((now) => ({ ...now, ...part }));
    setPlayback(START);
    const listener: LiveEngineListener = {
      onLevels: (levels) => change({ levels }),
      onQuality: (playingLevel, chosenLevel) => change({ playingLevel, chosenLevel }),
      onBroken: (code) => {
        if (!current) return;
        change({ brokenBy: code });
        channelTries.current += 1;
        if (delivery === 'channel' && channelTries.current >= CHANNEL_TRIES) setDelivery('ll-hls');
        else setAttempt((count) => count + 1);
      },
    };
    const begin = async () => {
      const next = await makeEngine(video, { source, client, broadcast }, delivery, startBehind.current, listener);
      if (!current) return;
      startBehind.current = 0;
      engine.current = next;
      window.__frontrowLive = {
        video,
        delivery,
        read: () => next.read(),
        timeCode: () => readTimeCode(video, Date.now()),
      };
      next.start();
      await playAloudOrMuted(video);
    };
    void begin().catch(() => {
      if (current) setTimeout(() => setAttempt((count) => count + 1), 3_000);
    });
    const unfollow = follow(
      video,
      (state) => change({ state }),
      () => setPlayback((now) => ({ ...now, stalls: now.stalls + 1 })),
    );
    const timer = setInterval(() => change({ reading: engine.current?.read() ?? NO_READING }), READ_MS);
    return () => {
      current = false;
      clearInterval(timer);
      unfollow();
      engine.current?.stop();
      engine.current = undefined;
      delete window.__frontrowLive;
    };
    // A broadcast is another one when its number is; what else changes of it is told to engines by the channel.
  }, [video, source, client, number, delivery, attempt]);

  const seekBehind = useCallback(
    (seconds: number) => {
      if (delivery !== 'channel') engine.current?.seekBehind(seconds);
      else {
        startBehind.current = seconds;
        onChange();
        setDelivery('ll-hls');
      }
    },
    [delivery, onChange],
  );
  return {
    playback: { ...playback, delivery },
    choose: useCallback((level: number) => engine.current?.choose(level), []),
    deliver: useCallback(
      (next: Delivery) => {
        if (next === delivery) return;
        channelTries.current = 0;
        onChange();
        setDelivery(next);
      },
      [delivery, onChange],
    ),
    goLive: useCallback(() => engine.current?.goLive(), []),
    seekBehind,
  };
}

async function makeEngine(
  video: HTMLVideoElement,
  { source, client, broadcast }: LiveProgram,
  delivery: Delivery,
  behindSeconds: number,
  listener: LiveEngineListener,
): Promise<LiveEngine> {
  if (delivery === 'channel' && broadcast && ChannelPlayer.isSupported()) {
    return new ChannelPlayer(video, client, broadcast, listener);
  }
  const { masterUrl: url, withCredentials = false } = await source.read();
  const clockAheadMs = () => client.view.value.clockAheadMs;
  const options = { url, withCredentials, lowLatency: delivery !== 'hls', behindSeconds, clockAheadMs };
  return new HlsLive(video, options, listener);
}

/** Browsers may forbid sound before somebody has pressed something; a live picture without it is better than none. */
async function playAloudOrMuted(video: HTMLVideoElement): Promise<void> {
  try {
    await video.play();
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'NotAllowedError') return;
    video.muted = true;
    await video.play().catch(() => undefined); // Not even that: it stays paused, and looks so.
  }
}

function follow(video: HTMLVideoElement, onState: (state: PlayState) => void, onStall: () => void): () => void {
  const stop = new AbortController();
  let hasPlayed = false;
  const tell = (state: MediaState) => {
    // A pause for a seek is asked for, and the first wait is the beginning.
    if (state === 'waiting' && hasPlayed && !video.seeking) onStall();
    if (state === 'playing') hasPlayed = true;
    onState(state);
  };
  followState(video, tell, stop.signal);
  return () => stop.abort();
}
