import { retryDelayMs } from '../../api/event-feed.ts';
import { Cell } from '../../cell.ts';
import type { Level } from '../../player/levels.ts';
import { followState, type MediaState } from '../../player/media-state.ts';
import type { Delivery } from '../deliveries.ts';
import { type LiveEngine, type LiveEngineListener, type LiveReading, NO_READING } from './live-engine.ts';
import { playAloudOrMuted, whenMoving } from './moving-picture.ts';

const READ_MS = 250;
/** A channel that cannot be played is left for the playlist. */
const CHANNEL_TRIES = 3;

export interface LivePlayback {
  /** Of the picture on the screen. */
  readonly delivery: Delivery;
  /** What was asked for: on its way, for as long as it is another one. */
  readonly wanted: Delivery;
  readonly state: 'loading' | MediaState;
  readonly reading: LiveReading;
  readonly levels: readonly Level[];
  readonly playingLevel: number;
  readonly chosenLevel: number;
  readonly stalls: number;
}

export function notPlaying(delivery: Delivery): LivePlayback {
  return { ...START, delivery, wanted: delivery };
}

const START: Omit<LivePlayback, 'delivery' | 'wanted'> = {
  state: 'loading',
  reading: NO_READING,
  levels: [],
  playingLevel: -1,
  chosenLevel: -1,
  stalls: 0,
};

/** Makes what plays a broadcast by a delivery; undefined when nobody wants it any more by the time it could be made. */
export type MakeEngine = (order: EngineOrder) => Promise<LiveEngine | undefined>;

export interface EngineOrder {
  readonly video: HTMLVideoElement;
  readonly delivery: Delivery;
  readonly behindSeconds: number;
  readonly listener: LiveEngineListener;
  readonly isWanted: () => boolean;
}

export interface Screens {
  readonly pair: readonly [HTMLVideoElement, HTMLVideoElement];
  readonly shown: () => HTMLVideoElement;
  readonly show: (video: HTMLVideoElement) => void;
}

/** One engine on one element, from its beginning to its end. */
interface Take {
  readonly delivery: Delivery;
  readonly video: HTMLVideoElement;
  readonly end: AbortController;
  readonly isPaused: boolean;
  engine?: LiveEngine;
  isBroken: boolean;
  facts: Pick<LivePlayback, 'levels' | 'playingLevel' | 'chosenLevel'>;
}

/**
 * Plays one broadcast. What is to play next begins on the element behind the one that plays, and comes to the front with a
 * picture that moves: a change of delivery neither holds a picture nor shows none.
 */
export class LiveDeck {
  readonly playback: Cell<LivePlayback>;
  readonly #screens: Screens;
  readonly #make: MakeEngine;
  readonly #reading: ReturnType<typeof setInterval>;
  #front: Take | undefined;
  #next: Take | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(screens: Screens, make: MakeEngine, delivery: Delivery) {
    this.#screens = screens;
    this.#make = make;
    this.playback = new Cell(notPlaying(delivery));
    this.#reading = setInterval(() => this.#change({ reading: this.#front?.engine?.read() ?? NO_READING }), READ_MS);
    this.#play(delivery, 0);
  }

  stop(): void {
    clearInterval(this.#reading);
    clearTimeout(this.#retry);
    end(this.#next);
    end(this.#front);
  }

  get front(): { readonly video: HTMLVideoElement; readonly delivery: Delivery; read(): LiveReading } | undefined {
    const { video, delivery, engine } = this.#front ?? {};
    return video && delivery && engine && { video, delivery, read: () => engine.read() };
  }

  deliver(delivery: Delivery): void {
    if (delivery === this.playback.value.wanted) return;
    this.#failures = 0;
    this.#play(delivery, 0);
  }

  choose(level: number): void {
    this.#front?.engine?.choose(level);
  }

  goLive(): void {
    // What is on its way to the past is wanted no more.
    if (this.#next) this.#play(this.#next.delivery, 0);
    this.#front?.engine?.goLive();
  }

  /** By the playlist, since a channel has no past. */
  seekBehind(seconds: number): void {
    const { wanted } = this.playback.value;
    if (this.#front?.delivery === wanted && wanted !== 'channel') this.#front.engine?.seekBehind(seconds);
    else this.#play(wanted === 'channel' ? 'll-hls' : wanted, seconds);
  }

  #play(delivery: Delivery, behindSeconds: number, isPaused = false): void {
    clearTimeout(this.#retry);
    end(this.#next);
    this.#next = undefined;
    this.#change({ wanted: delivery });
    if (this.#front?.delivery === delivery && !this.#front.isBroken) return;
    const shown = this.#screens.shown();
    const behind = this.#screens.pair.find((each) => each !== shown) ?? shown;
    const video = this.#front ? behind : shown;
    const { levels, playingLevel, chosenLevel } = START;
    const facts = { levels, playingLevel, chosenLevel };
    const take: Take = { delivery, video, end: new AbortController(), isPaused, isBroken: false, facts };
    if (this.#front) this.#next = take;
    else this.#toFront(take);
    void this.#begin(take, behindSeconds);
  }

  async #begin(take: Take, behindSeconds: number): Promise<void> {
    const { video, delivery, end: over } = take;
    const { signal } = over;
    const listener: LiveEngineListener = {
      onLevels: (levels) => this.#learn(take, { levels }),
      onQuality: (playingLevel, chosenLevel) => this.#learn(take, { playingLevel, chosenLevel }),
      onBroken: (code) => this.#broken(take, code),
    };
    const order = { video, delivery, behindSeconds, listener, isWanted: () => !signal.aborted };
    const engine = await this.#make(order).catch(() => undefined);
    if (signal.aborted) return;
    if (!engine) {
      this.#broken(take, 'NO_ADDRESS');
      return;
    }
    take.engine = engine;
    if (take === this.#next) {
      video.muted = true;
      whenMoving(video, () => this.#changeOver(take), signal);
    }
    engine.start();
    if (!take.isPaused) await playAloudOrMuted(video);
  }

  #changeOver(take: Take): void {
    const old = this.#front;
    if (take !== this.#next || !old) return;
    this.#next = undefined;
    const { volume, muted } = old.video;
    this.#toFront(take);
    Object.assign(take.video, { volume, muted });
    // A browser may stop what is let be heard without anybody having pressed something.
    void playAloudOrMuted(take.video);
    end(old);
  }

  #toFront(take: Take): void {
    this.#front = take;
    this.#screens.show(take.video);
    const state = take.isPaused ? 'paused' : take.engine ? 'playing' : 'loading';
    this.#change({ ...START, ...take.facts, delivery: take.delivery, state });
    let hasPlayed = false;
    const tell = (next: MediaState) => {
      // A pause for a seek is asked for, and the first wait is the beginning.
      if (next === 'waiting' && hasPlayed && !take.video.seeking)
        this.#change({ stalls: this.playback.value.stalls + 1 });
      if (next === 'playing') {
        hasPlayed = true;
        if (take.delivery !== 'channel') this.#failures = 0;
      }
      this.#change({ state: next });
    };
    followState(take.video, tell, take.end.signal);
  }

  #learn(take: Take, facts: Partial<Take['facts']>): void {
    take.facts = { ...take.facts, ...facts };
    if (take === this.#front) this.#change(facts);
  }

  /** An engine that cannot go on is followed by another one: the same again, or the playlist where the channel fails. */
  #broken(take: Take, code: string): void {
    if (take.end.signal.aborted) return;
    take.isBroken = true;
    // Of one that is left already nothing is expected.
    if (take === this.#front && this.#next) return;
    this.#failures += 1;
    const isLeft = take.delivery === 'channel' && (code === 'CHANNEL_CLOSED' || this.#failures >= CHANNEL_TRIES);
    if (isLeft && take === this.#front) {
      this.#play('ll-hls', 0); // Its last picture stands until then.
      return;
    }
    const isPaused = take === this.#front && this.playback.value.state === 'paused';
    const delivery = isLeft ? 'll-hls' : take.delivery;
    end(take);
    if (take === this.#front) this.#front = undefined;
    else this.#next = undefined;
    const pauseMs = take.delivery === 'channel' ? 0 : retryDelayMs(this.#failures - 1);
    this.#retry = setTimeout(() => this.#play(delivery, 0, isPaused), pauseMs);
  }

  #change(part: Partial<LivePlayback>): void {
    this.playback.update((now) => ({ ...now, ...part }));
  }
}

function end(take: Take | undefined): void {
  if (!take || take.end.signal.aborted) return;
  take.end.abort();
  take.engine?.stop();
}
