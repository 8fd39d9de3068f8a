import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { ChannelClient } from '../channel/channel-client.ts';
import type { ChannelBroadcast } from '../channel/messages.ts';
import type { Delivery } from '../deliveries.ts';
import type { LiveSource } from '../live-source.ts';
import { ChannelPlayer } from './channel-player.ts';
import { HlsLive } from './hls-live.ts';
import { type EngineOrder, LiveDeck, type LivePlayback, notPlaying, type Screens } from './live-deck.ts';
import type { LiveEngine, LiveReading } from './live-engine.ts';
import { NativeLive } from './native-live.ts';
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

export interface LiveControl {
  readonly playback: LivePlayback;
  readonly choose: (level: number) => void;
  readonly deliver: (delivery: Delivery) => void;
  readonly goLive: () => void;
  readonly seekBehind: (seconds: number) => void;
}

export interface LiveProgram {
  readonly source: LiveSource;
  readonly client: ChannelClient;
  /** Known where the channel is; without it there is the playlist. */
  readonly broadcast: ChannelBroadcast | undefined;
}

/** Plays one broadcast. Undefined while there is none. */
export function useLivePlayback(
  screens: Screens | undefined,
  program: LiveProgram | undefined,
  deliveryAtFirst: Delivery,
): LiveControl {
  const [playback, setPlayback] = useState(notPlaying(deliveryAtFirst));
  const deck = useRef<LiveDeck | undefined>(undefined);
  const wanted = useRef(deliveryAtFirst);
  const { source, client, broadcast } = program ?? {};
  const number = broadcast?.number;

  useEffect(() => {
    if (!screens || !source || !client) return;
    const make = (order: EngineOrder) => makeEngine({ source, client, broadcast }, order);
    const next = new LiveDeck(screens, make, wanted.current);
    const show = () => {
      wanted.current = next.playback.value.wanted;
      layOpen(next);
      setPlayback(next.playback.value);
    };
    show();
    const unwatch = next.playback.watch(show);
    deck.current = next;
    return () => {
      unwatch();
      next.stop();
      deck.current = undefined;
      delete window.__frontrowLive;
    };
    // A broadcast is another one when its number is; what else changes of it is told to engines by the channel.
  }, [screens, source, client, number]);

  return {
    playback,
    choose: useCallback((level: number) => deck.current?.choose(level), []),
    deliver: useCallback((next: Delivery) => deck.current?.deliver(next), []),
    goLive: useCallback(() => deck.current?.goLive(), []),
    seekBehind: useCallback((seconds: number) => deck.current?.seekBehind(seconds), []),
  };
}

function layOpen({ front }: LiveDeck): void {
  if (!front) delete window.__frontrowLive;
  else window.__frontrowLive = { ...front, timeCode: () => readTimeCode(front.video, Date.now()) };
}

async function makeEngine(
  { source, client, broadcast }: LiveProgram,
  { video, delivery, behindSeconds, listener, isWanted }: EngineOrder,
): Promise<LiveEngine | undefined> {
  if (delivery === 'channel' && broadcast && ChannelPlayer.isSupported()) {
    return new ChannelPlayer(video, client, broadcast, listener);
  }
  const { masterUrl: url, withCredentials = false } = await source.read();
  if (!isWanted()) return undefined;
  const clockAheadMs = () => client.view.value.clockAheadMs;
  const options = { url, withCredentials, behindSeconds, clockAheadMs };
  if (HlsLive.isSupported()) return new HlsLive(video, { ...options, lowLatency: delivery !== 'hls' }, listener);
  // A channel that says nothing has nothing against it.
  const isOnAir = () => (client.view.value.status ?? 'live') === 'live';
  return new NativeLive(video, { ...options, isOnAir }, listener);
}
