import { type Level, levelLabel, sortLevels } from '../../player/levels.ts';
import { bufferAheadSeconds } from '../../player/stats-ring.ts';
import type { ChannelClient } from '../channel/channel-client.ts';
import type { Frame } from '../channel/frame.ts';
import type { ChannelBroadcast, ChannelRendition } from '../channel/messages.ts';
import { followLateness, type Lateness } from './lateness.ts';
import type { LiveEngine, LiveEngineListener, LiveReading } from './live-engine.ts';
import { mediaSourceType } from './media-source.ts';
import { type Range, rangesOf } from './ranges.ts';
import { isDry, LowestOf, RESERVE_FIRST_SECONDS, reserveAfterCalm, reserveAfterStall, steer } from './steering.ts';
import { TrackBuffer } from './track-buffer.ts';

const STEER_MS = 50;
const RESERVE_SPAN_MS = 1_200;
const KEEP_SECONDS = 20;
const DROP_EVERY_MS = 5_000;
/** A picture that stands needs so much of what follows it. */
const STANDING_SECONDS = 1;
/** A track that is full keeps so much of what was played. */
const LEAST_KEPT_SECONDS = 1;
/** A broadcast on air of which nothing comes for so long does not come by this rendition any more. */
const SILENT_MS = 12_000;

/**
 * A live channel's media through Media Source Extensions: parts are played as they come, with as little between as the
 * network allows. The element's time is the server's clock, counted from the first session that is seen.
 */
export class ChannelPlayer implements LiveEngine {
  readonly #video: HTMLVideoElement;
  readonly #client: ChannelClient;
  readonly #broadcast: ChannelBroadcast;
  readonly #listener: LiveEngineListener;
  readonly #Source = mediaSourceType() ?? MediaSource;
  readonly #source = new this.#Source();
  readonly #tracks = new Map<ChannelRendition['kind'], TrackBuffer>();
  readonly #reserve = new LowestOf(RESERVE_SPAN_MS);
  readonly #stop = new AbortController();
  #stopFrames = () => {};
  #steering: ReturnType<typeof setInterval> | undefined;
  #firstClockMs: number | undefined;
  /** Of the session that comes. */
  #session: { readonly number: number; readonly clockMs: number; readonly lateness?: Lateness } | undefined;
  #wantedSeconds = RESERVE_FIRST_SECONDS;
  #droppedAtMs = 0;
  /** When the last part came. */
  #heardAtMs = 0;
  /** How long there has been no picture, while there should be. */
  #silentMs = 0;
  #address = '';
  #chosen = -1;
  #playing = -1;
  #hasBegun = false;
  #isResting = false;

  constructor(
    video: HTMLVideoElement,
    client: ChannelClient,
    broadcast: ChannelBroadcast,
    listener: LiveEngineListener,
  ) {
    this.#video = video;
    this.#client = client;
    this.#broadcast = broadcast;
    this.#listener = listener;
  }

  static isSupported(): boolean {
    return mediaSourceType() !== undefined;
  }

  start(): void {
    const { signal } = this.#stop;
    this.#source.addEventListener('sourceopen', () => this.#open(), { once: true, signal });
    // A managed source wants nothing where there is enough. It opens only where nothing else can take the playback over.
    this.#source.addEventListener('endstreaming', () => this.#rest(), { signal });
    this.#source.addEventListener('startstreaming', () => this.#isResting && this.#ask(), { signal });
    this.#video.disableRemotePlayback = true;
    this.#address = URL.createObjectURL(this.#source);
    this.#video.src = this.#address;
    this.#video.addEventListener('waiting', () => this.#stalled(), { signal });
    this.#video.addEventListener('play', () => this.#catchUp(), { signal });
    this.#video.addEventListener('error', () => this.#listener.onBroken('DECODER_FAILED'), { signal });
    this.#listener.onLevels(this.#levels());
  }

  stop(): void {
    this.#stop.abort();
    clearInterval(this.#steering);
    this.#stopFrames();
    this.#client.wantMedia(undefined);
    URL.revokeObjectURL(this.#address);
    this.#video.playbackRate = 1;
    this.#video.removeAttribute('src');
    this.#video.load();
    this.#video.disableRemotePlayback = false;
  }

  read(): LiveReading {
    const { currentTime, playbackRate } = this.#video;
    const ahead = bufferAheadSeconds(this.#ranges(), currentTime);
    const nowMs = Date.now() + this.#client.view.value.clockAheadMs;
    const first = this.#firstClockMs;
    const pictureAtMs = (first ?? 0) + 1_000 * currentTime + (this.#session?.lateness?.offMs ?? 0);
    return {
      ...(first === undefined || !this.#hasBegun ? {} : { latencySeconds: (nowMs - pictureAtMs) / 1_000 }),
      ...(this.#hasBegun ? { behindSeconds: this.#behindSeconds() } : {}),
      windowSeconds: Math.max(0, (nowMs - this.#broadcast.startedAtMs) / 1_000),
      bufferSeconds: ahead,
      targetSeconds: this.#wantedSeconds,
      rate: playbackRate,
    };
  }

  /** A channel has no past. */
  seekBehind(): void {
    this.goLive();
  }

  goLive(): void {
    this.#catchUp();
    void this.#video.play().catch(() => undefined); // Refused, it stays paused, and looks so.
  }

  choose(level: number): void {
    this.#chosen = level;
    this.#ask();
    this.#listener.onQuality(this.#playing, level);
  }

  #open(): void {
    this.#source.duration = Number.POSITIVE_INFINITY;
    // Both before the first byte: browsers take no second track once one is under way.
    const { renditions } = this.#broadcast;
    const firsts = [renditions.find(({ kind }) => kind === 'video'), renditions.find(({ kind }) => kind === 'audio')];
    for (const first of firsts) {
      if (!first) continue;
      const mimeType = mimeOf(first);
      if (!this.#Source.isTypeSupported(mimeType)) {
        this.#listener.onBroken('CODEC_UNSUPPORTED');
        return;
      }
      const buffer = this.#source.addSourceBuffer(mimeType);
      const playedUntil = () => this.#video.currentTime - LEAST_KEPT_SECONDS;
      this.#tracks.set(first.kind, new TrackBuffer(buffer, mimeType, playedUntil, this.#listener.onBroken));
    }
    this.#stopFrames = this.#client.onFrame((frame) => this.#take(frame));
    this.#ask();
    this.#steering = setInterval(() => this.#steer(), STEER_MS);
  }

  #ask(): void {
    this.#isResting = false;
    const name = this.#broadcast.renditions[this.#chosen]?.name ?? 'auto';
    this.#client.wantMedia({ video: name, audio: 'auto' });
  }

  /** What is asked for again begins with a key frame, behind a hole. */
  #rest(): void {
    this.#isResting = true;
    this.#client.wantMedia(undefined);
  }

  #take(frame: Frame): void {
    const rendition = this.#broadcast.renditions[frame.rendition];
    if (!rendition || frame.broadcast !== this.#broadcast.number) return;
    const track = this.#tracks.get(rendition.kind);
    if (frame.kind === 'part') {
      this.#heardAtMs = performance.now();
      if (rendition.kind === 'video' || !this.#tracks.has('video')) this.#heardPicture(frame);
      track?.append(frame.media);
      return;
    }
    this.#firstClockMs ??= frame.clockMs;
    if (this.#session?.number !== frame.session) this.#session = { number: frame.session, clockMs: frame.clockMs };
    track?.begin(frame.media, mimeOf(rendition), (frame.clockMs - this.#firstClockMs) / 1_000);
    if (rendition.kind !== 'video') return;
    this.#playing = frame.rendition;
    this.#listener.onQuality(this.#playing, this.#chosen);
  }

  #heardPicture({ session, startSeconds, durationSeconds, clockMs: publishedAtMs }: Frame): void {
    this.#silentMs = 0;
    if (this.#session?.number !== session) return;
    const endsAtMs = this.#session.clockMs + 1_000 * (startSeconds + durationSeconds);
    const lateness = followLateness(this.#session.lateness, endsAtMs, publishedAtMs);
    this.#session = { ...this.#session, lateness };
  }

  #steer(): void {
    this.#listenForSilence();
    const { currentTime } = this.#video;
    const ranges = this.#ranges();
    const newest = ranges.at(-1);
    if (!newest) return;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#jumpInto(newest);
      return;
    }
    this.#dropOld(currentTime, newest);
    if (this.#video.paused || this.#video.seeking) return;
    const ahead = bufferAheadSeconds(ranges, currentTime);
    const next = ranges.find(([start]) => start > currentTime);
    // A hole, such as between two sessions: what comes behind it is here already.
    if (next && isDry(ahead, this.#video.readyState)) this.#jumpInto(next);
    else this.#keepClose(ahead, newest);
  }

  /** Without a publisher silence is what there is. */
  #listenForSilence(): void {
    const { status, connection } = this.#client.view.value;
    const isOnAir = status === 'live' && connection === 'open' && !this.#isResting;
    this.#silentMs = isOnAir ? this.#silentMs + STEER_MS : 0;
    if (this.#silentMs < SILENT_MS && connection !== 'closed') return;
    clearInterval(this.#steering);
    this.#listener.onBroken(connection === 'closed' ? 'CHANNEL_CLOSED' : 'MEDIA_SILENT');
  }

  #keepClose(ahead: number, newest: Range): void {
    this.#reserve.add(ahead, performance.now());
    const steering = steer(ahead, this.#reserve.lowest ?? ahead, this.#wantedSeconds);
    this.#wantedSeconds = reserveAfterCalm(this.#wantedSeconds, STEER_MS / 1_000);
    if (steering.kind === 'jump') this.#jumpInto(newest);
    else if (this.#video.playbackRate !== steering.rate) this.#video.playbackRate = steering.rate;
  }

  #catchUp(): void {
    const newest = this.#ranges().at(-1);
    if (newest) this.#jumpInto(newest);
  }

  /** What is here and not played, and what should have come since, beyond what is held on purpose. */
  #behindSeconds(): number {
    const end = this.#ranges().at(-1)?.[1] ?? 0;
    const silentSeconds = (performance.now() - this.#heardAtMs) / 1_000;
    const held = this.#wantedSeconds + this.#broadcast.partTargetSeconds;
    return Math.max(0, end + silentSeconds - this.#video.currentTime - held);
  }

  /** To where the reserve is what it should be right after a part has come. */
  #jumpInto([start, end]: Range): void {
    this.#reserve.clear();
    this.#video.currentTime = Math.max(start, end - this.#wantedSeconds - this.#broadcast.partTargetSeconds);
  }

  #stalled(): void {
    // What waits because it was moved has not run dry.
    if (!this.#hasBegun || this.#video.seeking || this.#video.paused) return;
    this.#wantedSeconds = reserveAfterStall(this.#wantedSeconds);
  }

  #dropOld(currentTime: number, [, end]: Range): void {
    const nowMs = performance.now();
    if (nowMs - this.#droppedAtMs < DROP_EVERY_MS) return;
    this.#droppedAtMs = nowMs;
    for (const track of this.#tracks.values()) {
      track.drop(0, currentTime - KEEP_SECONDS);
      // Who pauses goes on with the newest, so what comes meanwhile is not for ever.
      if (this.#video.paused) track.drop(currentTime + STANDING_SECONDS, end - KEEP_SECONDS);
    }
  }

  #ranges(): readonly Range[] {
    return rangesOf(this.#video.buffered);
  }

  #levels(): readonly Level[] {
    const levels = this.#broadcast.renditions.flatMap((rendition, index) => {
      const { kind, name, width = 0, height = 0, averageBps, codecs } = rendition;
      if (kind !== 'video') return [];
      const label = levelLabel(height, averageBps);
      return [{ index, label, width, height, bitrateBps: averageBps, codecs, rendition: name }];
    });
    return sortLevels(levels);
  }
}

function mimeOf({ kind, codecs }: ChannelRendition): string {
  return `${kind}/mp4; codecs="${codecs}"`;
}
