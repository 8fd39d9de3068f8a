import { bufferAheadSeconds } from '../../player/stats-ring.ts';
import type { LiveEngine, LiveEngineListener, LiveReading } from './live-engine.ts';
import { aimOf, followWindow, hasBegunFarBehind, type NativeWindow, placeBehind } from './native-window.ts';
import { rangesOf } from './ranges.ts';

const LOOK_MS = 1_000;
/** A broadcast on air whose picture stands for so long does not come by this engine any more. */
const STANDING_MS = 12_000;
/** A picture is there to be shown (`HAVE_CURRENT_DATA`). */
const HAS_PICTURE = 2;

export interface NativeLiveOptions {
  readonly url: string;
  readonly withCredentials: boolean;
  /** Where to begin, in seconds before the newest. */
  readonly behindSeconds: number;
  /** The server's clock less ours. */
  readonly clockAheadMs: () => number;
  readonly isOnAir: () => boolean;
}

/** Of WebKit alone: the date of second 0, as the playlist has it. */
type DatedVideo = HTMLVideoElement & { getStartDate?(): Date };

/**
 * A browser that plays live playlists by itself, such as an iPhone's without Media Source. What it plays of the ladder
 * and how close to the end it keeps is its own affair.
 */
export class NativeLive implements LiveEngine {
  readonly #video: DatedVideo;
  readonly #options: NativeLiveOptions;
  readonly #listener: LiveEngineListener;
  readonly #stop = new AbortController();
  #looking: ReturnType<typeof setInterval> | undefined;
  #window: NativeWindow | undefined;
  #standing = { atSeconds: 0, forMs: 0 };

  constructor(video: HTMLVideoElement, options: NativeLiveOptions, listener: LiveEngineListener) {
    this.#video = video;
    this.#options = options;
    this.#listener = listener;
  }

  start(): void {
    const { signal } = this.#stop;
    const video = this.#video;
    video.addEventListener('error', () => this.#listener.onBroken(`NATIVE_${video.error?.code ?? 0}`), { signal });
    video.addEventListener('loadeddata', () => this.#begin(), { once: true, signal });
    this.#looking = setInterval(() => this.#lookForStanding(), LOOK_MS);
    video.crossOrigin = this.#options.withCredentials ? 'use-credentials' : 'anonymous';
    video.src = this.#options.url;
  }

  stop(): void {
    this.#stop.abort();
    clearInterval(this.#looking);
    this.#video.removeAttribute('src');
    this.#video.load();
    this.#video.crossOrigin = 'anonymous';
  }

  read(): LiveReading {
    const { buffered, currentTime, playbackRate } = this.#video;
    const bufferSeconds = bufferAheadSeconds(rangesOf(buffered), currentTime);
    const reading = { windowSeconds: 0, bufferSeconds, rate: playbackRate };
    if (!this.#hasPicture()) return reading;
    const window = this.#lookAtWindow();
    const aim = window && aimOf(window, this.#isOver(), performance.now());
    const latencySeconds = this.#latencySeconds();
    return {
      ...reading,
      ...(latencySeconds === undefined ? {} : { latencySeconds }),
      ...(window && aim !== undefined
        ? { windowSeconds: Math.max(0, aim - window.start), behindSeconds: Math.max(0, aim - currentTime) }
        : {}),
    };
  }

  seekBehind(seconds: number): void {
    const window = this.#lookAtWindow();
    if (window) this.#video.currentTime = placeBehind(window, this.#isOver(), seconds, performance.now());
  }

  goLive(): void {
    this.seekBehind(0);
    void this.#video.play().catch(() => undefined); // Refused, it stays paused, and looks so.
  }

  /** What is played of the ladder is the browser's to choose. */
  choose(): void {}

  #begin(): void {
    const { behindSeconds } = this.#options;
    const window = this.#lookAtWindow();
    const isFarBehind = window !== undefined && !this.#isOver() && hasBegunFarBehind(window, this.#video.currentTime);
    if (behindSeconds > 0 || isFarBehind) this.seekBehind(behindSeconds);
  }

  #hasPicture(): boolean {
    return this.#video.readyState >= HAS_PICTURE;
  }

  /** The playlist has come to its end. */
  #isOver(): boolean {
    return Number.isFinite(this.#video.duration);
  }

  #lookAtWindow(): NativeWindow | undefined {
    const { seekable, currentTime } = this.#video;
    this.#window = followWindow(this.#window, rangesOf(seekable), currentTime, performance.now());
    return this.#window;
  }

  #latencySeconds(): number | undefined {
    const startedAtMs = this.#video.getStartDate?.().getTime() ?? Number.NaN;
    if (Number.isNaN(startedAtMs)) return undefined;
    return (Date.now() + this.#options.clockAheadMs() - startedAtMs) / 1_000 - this.#video.currentTime;
  }

  /** Browsers may stand still without a word when a publisher was away for long, or take that for the end. */
  #lookForStanding(): void {
    const { currentTime, paused, ended } = this.#video;
    const stands = currentTime === this.#standing.atSeconds && (!paused || ended) && this.#options.isOnAir();
    this.#standing = { atSeconds: currentTime, forMs: stands ? this.#standing.forMs + LOOK_MS : 0 };
    if (this.#standing.forMs < STANDING_MS) return;
    clearInterval(this.#looking);
    this.#listener.onBroken('MEDIA_SILENT');
  }
}
