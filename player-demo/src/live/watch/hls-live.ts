import Hls, { type ErrorData, ErrorTypes, Events, type HlsConfig, type LevelDetails } from 'hls.js';
import { readLevels } from '../../player/hls-levels.ts';
import type { Level } from '../../player/levels.ts';
import { bufferAheadSeconds } from '../../player/stats-ring.ts';
import { renditionOf } from './absent-levels.ts';
import { endStreamOf } from './end-of-stream.ts';
import type { LiveEngine, LiveEngineListener, LiveReading } from './live-engine.ts';
import { rangesOf } from './ranges.ts';
import { followStanding, helpFor, type Look, nextMedia, type Standing } from './standing.ts';

/** Catching up should not be heard. */
const FASTEST = 1.1;
const RETRY_MS = 1_500;
/** Who follows the edge and fell this far behind it, such as by a stall, is brought back. */
const FAR_SECONDS = 6;
/** So much before the end of what there is a picture can still be found. */
const END_SECONDS = 0.3;
const LOOK_MS = 1_000;
/** From here on a seek is a wish to see the past. */
const PAST_SECONDS = 3;

export interface HlsLiveOptions {
  readonly url: string;
  readonly withCredentials: boolean;
  readonly lowLatency: boolean;
  /** Where to begin, in seconds before the newest. */
  readonly behindSeconds: number;
  /** The server's clock less ours. */
  readonly clockAheadMs: () => number;
}

/** hls.js on a live playlist: low latency, and all of the window to go back in. */
export class HlsLive implements LiveEngine {
  readonly hls: Hls;
  readonly #video: HTMLVideoElement;
  readonly #options: HlsLiveOptions;
  readonly #listener: LiveEngineListener;
  #details: LevelDetails | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #recoveries = 0;
  #standing: Standing | undefined;
  readonly #stop = new AbortController();
  /** Until somebody goes back, or pauses. */
  #followsEdge: boolean;

  constructor(video: HTMLVideoElement, options: HlsLiveOptions, listener: LiveEngineListener) {
    this.#video = video;
    this.#options = options;
    this.#listener = listener;
    this.#followsEdge = options.behindSeconds < PAST_SECONDS;
    this.hls = new Hls(tune(options));
  }

  static isSupported(): boolean {
    return Hls.isSupported();
  }

  start(): void {
    const { hls } = this;
    hls.on(Events.MANIFEST_PARSED, () => this.#listener.onLevels(readLiveLevels(hls)));
    hls.on(Events.LEVEL_SWITCHED, () => this.#tellQuality());
    hls.on(Events.LEVEL_UPDATED, (_, { details }) => this.#updated(details));
    hls.on(Events.ERROR, (_, data) => this.#recover(data));
    hls.loadSource(this.#options.url);
    hls.attachMedia(this.#video);
    const { signal } = this.#stop;
    endStreamOf(hls);
    const looking = setInterval(() => this.#helpStanding(), LOOK_MS);
    signal.addEventListener('abort', () => clearInterval(looking));
    this.#video.addEventListener('pause', () => this.#letGo(), { signal });
    // Not before there is a picture: hls.js goes to its own place first.
    const { behindSeconds } = this.#options;
    const goBack = () => this.seekBehind(behindSeconds);
    if (behindSeconds > 0) this.#video.addEventListener('loadeddata', goBack, { once: true, signal });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.hls.destroy();
  }

  read(): LiveReading {
    const { hls } = this;
    const aim = this.#aim();
    const at = this.#video.currentTime;
    const start = this.#details?.fragmentStart ?? aim;
    const pictureAtMs = hls.playingDate?.getTime();
    const nowMs = Date.now() + this.#options.clockAheadMs();
    return {
      ...(pictureAtMs === undefined ? {} : { latencySeconds: (nowMs - pictureAtMs) / 1_000 }),
      ...(hls.targetLatency ? { targetSeconds: hls.targetLatency } : {}),
      ...(this.#hasPicture() ? { behindSeconds: Math.max(0, aim - at) } : {}),
      windowSeconds: Math.max(0, aim - start),
      bufferSeconds: bufferAheadSeconds(rangesOf(this.#video.buffered), at),
      rate: this.#video.playbackRate,
    };
  }

  seekBehind(seconds: number): void {
    this.#followsEdge = seconds < PAST_SECONDS;
    const { fragmentStart: start = 0, edge = Number.POSITIVE_INFINITY } = this.#details ?? {};
    // The aim runs on while no playlist comes; there is nothing to play behind the last one's end.
    const to = Math.min(this.#aim() - seconds, edge - END_SECONDS);
    this.#video.currentTime = Math.max(start + 0.1, to);
  }

  goLive(): void {
    // Stalls have moved hls.js away from the edge; who asks for the edge gives it another try.
    const holdBack = this.#holdBack();
    if (holdBack !== undefined) this.hls.targetLatency = holdBack;
    this.seekBehind(0);
    void this.#video.play().catch(() => undefined); // Refused, it stays paused, and looks so.
  }

  choose(level: number): void {
    this.hls.nextLevel = level;
    this.#tellQuality();
  }

  #hasPicture(): boolean {
    return this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  #hasFallenBehind(): boolean {
    return this.#followsEdge && this.#hasPicture() && (this.read().behindSeconds ?? 0) > FAR_SECONDS;
  }

  #letGo(): void {
    this.#followsEdge = false;
  }

  /**
   * Where the playlist wants players to be: its end as it is by now, less what it has them hold back. hls.js keeps further
   * away after stalls, which is its own affair and no nearer to live. After the end: the end.
   */
  #aim(): number {
    const details = this.#details;
    if (!details) return this.#video.currentTime;
    return details.live ? details.edge + details.age - (this.#holdBack() ?? 0) : details.edge;
  }

  #holdBack(): number | undefined {
    const details = this.#details;
    if (!details) return undefined;
    const { holdBack, partHoldBack, targetduration } = details;
    return (this.#options.lowLatency && partHoldBack) || holdBack || 3 * targetduration;
  }

  #updated(details: LevelDetails): void {
    this.#details = details;
    if (details.live && this.#hasFallenBehind()) this.seekBehind(0);
  }

  /** hls.js 1.7.4 helps a picture that stands only over some holes, and none that stands in the midst of media. */
  #helpStanding(): void {
    const look = this.#look();
    this.#standing = followStanding(this.#standing, look);
    const help = this.#standing && helpFor(this.#standing, look);
    if (help === 'end') this.hls.trigger(Events.BUFFER_EOS, { type: null });
    else if (help === 'skip') this.#video.currentTime = nextMedia(look) ?? look.atSeconds;
    else if (help === 'load') this.hls.startLoad();
    else if (help === 'renew') this.#listener.onBroken('STANDS');
  }

  #look(): Look {
    const { paused, ended, readyState, currentTime, buffered } = this.#video;
    const { main, audio } = this.hls.inFlightFragments;
    const details = this.#details;
    return {
      // Without a playlist there is something else to wait for.
      stands: details !== undefined && !paused && !ended && readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
      atSeconds: currentTime,
      buffered: rangesOf(buffered),
      isLoading: [main, audio].some((track) => track && track.state !== 'IDLE' && track.state !== 'ENDED'),
      listedSeconds: details?.edge ?? 0,
      isOver: details?.live === false,
    };
  }

  #tellQuality(): void {
    this.#listener.onQuality(this.hls.currentLevel, this.hls.manualLevel);
  }

  /** A broadcast is worth waiting for: what the network lost is asked for again, for as long as somebody watches. */
  #recover(data: ErrorData): void {
    if (!data.fatal) return;
    const { hls } = this;
    if (data.type === ErrorTypes.NETWORK_ERROR) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => (this.#details ? hls.startLoad() : hls.loadSource(this.#options.url)), RETRY_MS);
      return;
    }
    this.#recoveries += 1;
    if (data.type === ErrorTypes.MEDIA_ERROR && this.#recoveries <= 3) hls.recoverMediaError();
    else this.#listener.onBroken(data.details);
  }
}

function readLiveLevels(hls: Hls): readonly Level[] {
  return readLevels(hls).map((level) => {
    const rendition = renditionOf(hls.levels[level.index]?.uri ?? '');
    return rendition === undefined ? level : { ...level, rendition };
  });
}

function tune({ lowLatency, withCredentials }: HlsLiveOptions): Partial<HlsConfig> {
  return {
    lowLatencyMode: lowLatency,
    // The distance to the edge is the playlist's to say: neither liveSyncDuration nor its count is set here.
    maxLiveSyncPlaybackRate: lowLatency ? FASTEST : 1,
    liveSyncOnStallIncrease: 0.25,
    capLevelToPlayerSize: true,
    backBufferLength: 30,
    maxBufferLength: 30,
    startFragPrefetch: true,
    xhrSetup: (xhr) => {
      xhr.withCredentials = withCredentials;
    },
  };
}
