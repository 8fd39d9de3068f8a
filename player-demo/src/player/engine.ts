import Hls, { type ErrorData, ErrorTypes, Events, type FragLoadedData, type HlsConfig } from 'hls.js';
import { shelter } from '../session-shelter.ts';
import type { PlaybackSource } from './carriers.ts';
import { Detours, hasty, patient } from './detour.ts';
import { readLevels } from './hls-levels.ts';
import { type Level, levelLabel } from './levels.ts';
import type { Failure } from './playback-error.ts';
import { headerOf, readVerdict, type SegmentFact } from './stats-ring.ts';
import { channelNote, type TrackList } from './tracks.ts';

export type { Hls };

export interface EngineListener {
  onLevels(levels: readonly Level[]): void;
  /** `playing` is the rung on screen, `chosen` the fixed one or -1 for automatic. */
  onQuality(playing: number, chosen: number): void;
  onSegment(segment: SegmentFact): void;
  onAudio(list: TrackList): void;
  onSubtitles(list: TrackList): void;
  onFailure(failure: Failure): void;
}

const ESTIMATE_KEY = 'frontrow.bandwidth';

/** Answers that begin this late are being encoded while they are waited for, or come from very far away. */
const SLOW_ANSWER_MS = 400;

/** hls.js on one video element. A new source means a new engine. */
export class Engine {
  readonly hls: Hls | undefined;
  readonly #video: HTMLVideoElement;
  readonly #listener: EngineListener;
  #recoveredAtMs = Number.NEGATIVE_INFINITY;
  #segmentCount = 0;
  readonly #stop = new AbortController();
  readonly #detours = new Detours();

  constructor(video: HTMLVideoElement, source: PlaybackSource, listener: EngineListener) {
    this.#video = video;
    this.#listener = listener;
    if (Hls.isSupported()) this.hls = new Hls(tune(source, () => this.#detour()));
  }

  start(source: PlaybackSource, atSeconds: number): void {
    if (this.hls) this.#startHls(this.hls, source, atSeconds);
    else this.#startNative(source, atSeconds);
  }

  stop(): void {
    if (this.hls) {
      keepEstimate(this.hls.bandwidthEstimate);
      this.#video.removeEventListener('seeking', this.#beginLow);
      this.hls.destroy();
    } else {
      this.#stop.abort();
      this.#video.removeAttribute('src');
    }
  }

  /** Fixes one rung from the next segment on; -1 leaves the choice to the player. */
  choose(index: number): void {
    if (!this.hls) return;
    this.hls.nextLevel = index;
    this.#tellQuality();
  }

  chooseAudio(id: number): void {
    if (this.hls) this.hls.audioTrack = id;
  }

  /**
   * -1 shows none. They are hidden then, not dropped, so that bringing them back is a matter of the browser alone.
   */
  chooseSubtitles(id: number): void {
    const { hls } = this;
    if (!hls) return;
    const before = hls.subtitleTrack;
    if (id >= 0) hls.subtitleTrack = id;
    hls.subtitleDisplay = id >= 0;
    if (id >= 0 && id !== before) showAgain(hls.subtitleTracks[id]?.trackNode?.track);
    this.#listener.onSubtitles(readSubtitles(hls));
  }

  /** Takes subtitles away, or brings back those that were shown last: the first ones at first. */
  toggleSubtitles(): void {
    const { hls } = this;
    if (!hls) toggleTextTrack(this.#video);
    else if (shownSubtitles(hls) >= 0) this.chooseSubtitles(-1);
    else if (hls.subtitleTracks.length > 0) this.chooseSubtitles(Math.max(0, hls.subtitleTrack));
  }

  get bandwidthBps(): number | undefined {
    const estimate = this.hls?.bandwidthEstimate;
    return estimate !== undefined && Number.isFinite(estimate) ? estimate : undefined;
  }

  #startHls(hls: Hls, source: PlaybackSource, atSeconds: number): void {
    this.#listen(hls);
    // Before hls.js listens to the same: it asks for the next part right there.
    this.#video.addEventListener('seeking', this.#beginLow);
    if (atSeconds > 0) hls.config.startPosition = atSeconds;
    hls.loadSource(source.url);
    hls.attachMedia(this.#video);
  }

  #startNative(source: PlaybackSource, atSeconds: number): void {
    // Safari on iPhone without Media Source plays the playlist by itself.
    this.#video.crossOrigin = source.withCredentials ? 'use-credentials' : 'anonymous';
    this.#video.src = source.url;
    this.#video.currentTime = atSeconds;
    this.#video.addEventListener(
      'error',
      () => this.#listener.onFailure({ kind: 'other', details: this.#video.error?.message ?? '' }),
      { once: true, signal: this.#stop.signal },
    );
  }

  #listen(hls: Hls): void {
    hls.on(Events.MANIFEST_PARSED, () => this.#listener.onLevels(readLevels(hls)));
    hls.on(Events.LEVEL_SWITCHED, () => this.#tellQuality());
    const audio = () => this.#listener.onAudio(readAudio(hls));
    const subtitles = () => this.#listener.onSubtitles(readSubtitles(hls));
    hls.on(Events.AUDIO_TRACKS_UPDATED, audio);
    hls.on(Events.AUDIO_TRACK_SWITCHED, audio);
    hls.on(Events.SUBTITLE_TRACKS_UPDATED, subtitles);
    hls.on(Events.SUBTITLE_TRACK_SWITCH, subtitles);
    hls.on(Events.FRAG_LOADED, (_, data) => this.#tellSegment(hls, data));
    hls.on(Events.ERROR, (_, data) => this.#recoverOrTell(hls, data));
  }

  /**
   * A jump to where nothing is buffered, in a film whose parts take long to come, begins at the lowest rung: it is encoded
   * in half the time of a higher one, and its playlist and its beginning are here already. One part later the choice is
   * free again. What is fixed by hand stays.
   */
  readonly #beginLow = (): void => {
    const { hls } = this;
    if (!hls?.autoLevelEnabled || hls.ttfbEstimate < SLOW_ANSWER_MS) return;
    const { buffered, currentTime } = this.#video;
    if (!isWithin(buffered, currentTime)) hls.nextAutoLevel = hls.minAutoLevel;
  };

  #detour(): boolean {
    const { hls } = this;
    if (!hls) return false;
    const { pathways, levels, loadLevel } = hls;
    return this.#detours.take({ pathways, pathway: levels[Math.max(0, loadLevel)]?.pathwayId });
  }

  #tellQuality(): void {
    const hls = this.hls;
    if (hls) this.#listener.onQuality(hls.currentLevel, hls.manualLevel);
  }

  #tellSegment(hls: Hls, { frag, networkDetails }: FragLoadedData): void {
    if (frag.sn === 'initSegment') return;
    const headers = networkDetails instanceof XMLHttpRequest ? networkDetails.getAllResponseHeaders() : '';
    const age = headerOf(headers, 'age');
    const height = hls.levels[frag.level]?.height ?? 0;
    this.#segmentCount += 1;
    this.#listener.onSegment({
      id: this.#segmentCount,
      name: `#${frag.sn}`,
      rendition: frag.type === 'audio' ? 'audio' : levelLabel(height, hls.levels[frag.level]?.bitrate ?? 0),
      verdict: readVerdict(headerOf(headers, 'x-cache')),
      ...(age === undefined ? {} : { ageSeconds: Number(age) }),
      sizeBytes: frag.stats.total,
      loadMs: frag.stats.loading.end - frag.stats.loading.start,
    });
  }

  #recoverOrTell(hls: Hls, data: ErrorData): void {
    if (!data.fatal) return;
    const nowMs = performance.now();
    // Once in a while a decoder stumbles and goes on when it is set up again; twice in ten seconds it will not.
    if (data.type === ErrorTypes.MEDIA_ERROR && nowMs - this.#recoveredAtMs > 10_000) {
      this.#recoveredAtMs = nowMs;
      hls.recoverMediaError();
    } else {
      this.#listener.onFailure(readFailure(data));
    }
  }
}

function isWithin(ranges: TimeRanges, seconds: number): boolean {
  return Array.from({ length: ranges.length }, (_, at) => at).some(
    (at) => ranges.start(at) <= seconds && seconds < ranges.end(at),
  );
}

function tune(source: PlaybackSource, detour: () => boolean): Partial<HlsConfig> {
  const { fragLoadPolicy, playlistLoadPolicy } = Hls.DefaultConfig;
  const estimate = keptEstimate();
  return {
    capLevelToPlayerSize: true,
    ignoreDevicePixelRatio: false,
    startFragPrefetch: true,
    backBufferLength: 60,
    maxBufferLength: 30,
    fragLoadPolicy: { default: patient(fragLoadPolicy.default, detour) },
    playlistLoadPolicy: { default: hasty(playlistLoadPolicy.default, detour) },
    ...(estimate === undefined ? {} : { abrEwmaDefaultEstimate: estimate }),
    xhrSetup: (xhr) => {
      xhr.withCredentials = source.withCredentials;
    },
  };
}

function readAudio(hls: Hls): TrackList {
  const tracks = hls.audioTracks.map(({ name, channels }, id) => {
    const note = channelNote(channels);
    return { id, label: name, ...(note === undefined ? {} : { note }) };
  });
  return { tracks, chosen: hls.audioTrack };
}

function readSubtitles(hls: Hls): TrackList {
  return { tracks: hls.subtitleTracks.map(({ name }, id) => ({ id, label: name })), chosen: shownSubtitles(hls) };
}

function shownSubtitles(hls: Hls): number {
  return hls.subtitleDisplay ? hls.subtitleTrack : -1;
}

/**
 * Chromium keeps the cues of a track that hls.js switched off and on again, and shows none of them, neither those of now
 * nor later ones; hls.js has no reason to fetch them anew. Taken out and put back they are shown.
 */
function showAgain(track: TextTrack | undefined): void {
  const cues = [...(track?.cues ?? [])];
  for (const cue of cues) track?.removeCue(cue);
  for (const cue of cues) track?.addCue(cue);
}

/** Where the browser plays the playlist, its subtitles are the element's own. */
function toggleTextTrack(video: HTMLVideoElement): void {
  const tracks = [...video.textTracks].filter(({ kind }) => kind === 'subtitles' || kind === 'captions');
  const shown = tracks.find(({ mode }) => mode === 'showing');
  const [first] = tracks;
  if (shown) shown.mode = 'disabled';
  else if (first) first.mode = 'showing';
}

function readFailure(data: ErrorData): Failure {
  const kind =
    data.type === ErrorTypes.NETWORK_ERROR ? 'network' : data.type === ErrorTypes.MEDIA_ERROR ? 'media' : 'other';
  const status = data.response?.code;
  return { kind, details: data.details, ...(status === undefined ? {} : { status }) };
}

/** The last estimate opens the next film at a fitting rung instead of the lowest one. */
function keepEstimate(bps: number): void {
  if (Number.isFinite(bps) && bps > 0) shelter.setItem(ESTIMATE_KEY, String(Math.round(bps)));
}

function keptEstimate(): number | undefined {
  const kept = Number(shelter.getItem(ESTIMATE_KEY));
  return kept > 0 ? kept : undefined;
}
