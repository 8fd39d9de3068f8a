import type { ChannelRendition, QualityReason, Subscription } from '../../kernel/live/channel.ts';
import type { FrameHeader } from '../../kernel/live/channel-frame.ts';
import {
  compareSessions,
  endSeconds,
  type MediaFrame,
  type MediaTail,
  startSeconds,
} from '../../kernel/live/media-tail.ts';
import { RungChooser } from './rung-chooser.ts';
import type { ViewerQueue } from './viewer-queue.ts';

type Kind = ChannelRendition['kind'];

/** What a viewer's playback needs of the channel that it belongs to. */
export interface PlaybackHost {
  /** Of the broadcast; none while there is none. */
  readonly renditions: readonly ChannelRendition[];
  /** Whether the session under way has it. */
  has(rendition: string): boolean;
  tail(rendition: string): MediaTail | undefined;
  /** From now on these are what is to be taken for it. */
  attend(renditions: ReadonlySet<string>): void;
  /** Another rendition than before comes, or some of it was dropped. */
  qualityChanged(reason: QualityReason): void;
}

interface Track {
  readonly kind: Kind;
  /** A name, or `auto`. */
  readonly wish: string;
  /** Undefined without `auto`. */
  readonly chooser: RungChooser | undefined;
  /** What is to come as soon as it can; undefined while there is no broadcast. */
  target: string | undefined;
  /** What comes. */
  current: string | undefined;
  /** Of the init that what comes belongs to. */
  init: FrameHeader | undefined;
  last: FrameHeader | undefined;
}

/** Sound alone begins with so many parts, to have something to play while the next one comes. */
const SOUND_PARTS = 3;

/**
 * Which media one viewer is sent: from a key frame on with nothing missing, in the rendition asked for or the one that
 * suits, and after a drop again from a key frame.
 */
export class Playback {
  readonly #host: PlaybackHost;
  readonly #queue: ViewerQueue;
  readonly #tracks: { video?: Track; audio?: Track } = {};
  /** Nothing is sent until a key frame comes. */
  #isWaiting = true;
  /** With which it began last. */
  #first: FrameHeader | undefined;
  #droppedParts = 0;

  constructor(host: PlaybackHost, queue: ViewerQueue) {
    this.#host = host;
    this.#queue = queue;
  }

  get droppedParts(): number {
    return this.#droppedParts;
  }

  get wishes(): Pick<Subscription, Kind> {
    return { video: this.#tracks.video?.wish ?? null, audio: this.#tracks.audio?.wish ?? null };
  }

  /** What comes now, or is about to. */
  get chosen(): Pick<Subscription, Kind> {
    const of = (track: Track | undefined) => track?.current ?? track?.target ?? null;
    return { video: of(this.#tracks.video), audio: of(this.#tracks.audio) };
  }

  subscribe(wishes: { readonly video?: string; readonly audio?: string }, nowMs: number): void {
    const wasPlaying = !this.#isWaiting;
    for (const kind of ['video', 'audio'] as const) {
      const wish = wishes[kind];
      if (wish === undefined) continue;
      const { current, init, last } = this.#tracks[kind] ?? {};
      // A picture beside sound that runs already has to begin with a key frame, and the sound with it.
      if (kind === 'video' && !current) this.#wait();
      this.#tracks[kind] = { ...this.#newTrack(kind, wish), current, init, last };
    }
    const { audio } = this.#tracks;
    if (this.#isWaiting) this.#begin(nowMs);
    else if (wasPlaying && audio) audio.current ??= audio.target;
    this.#attend();
  }

  end(kind: Kind): void {
    delete this.#tracks[kind];
    if (kind === 'video') this.#wait();
    this.#attend();
  }

  /** Another broadcast, or none: everything is found anew. */
  restart(nowMs: number): void {
    for (const kind of ['video', 'audio'] as const) {
      const track = this.#tracks[kind];
      if (track) this.#tracks[kind] = this.#newTrack(kind, track.wish);
    }
    this.#wait();
    this.#attend();
    this.#begin(nowMs);
  }

  /** Another session, which may lack what came until now, or have again what was lacking. */
  enterSession(): void {
    const { video } = this.#tracks;
    if (!video) return;
    this.#aim(video);
    this.#attend();
  }

  /** A part that follows what came of its rendition. */
  take(kind: Kind, rendition: string, frame: MediaFrame, nowMs: number): void {
    const track = this.#tracks[kind];
    if (!track) return;
    if (this.#isWaiting) {
      const leads = track === this.#leader && rendition === track.target;
      if (leads && this.#host.tail(rendition)?.isIndependent(frame.header)) this.#start([frame], nowMs);
      else if (this.#droppedParts > 0) this.#droppedParts += 1;
      return;
    }
    if (track.current !== rendition && !this.#mayChange(track, rendition, frame.header)) return;
    // Sound from before the picture, which the node has in hand for those who have sound alone.
    if (track !== this.#leader && this.#first && isBefore(frame.header, this.#first)) return;
    const isChange = track.current !== rendition;
    if (isChange) this.#change(track, rendition);
    if (!this.#forward(track, frame, nowMs)) return;
    if (isChange) this.#host.qualityChanged(track.chooser ? 'recovered' : 'asked');
    if (kind === 'video') this.#watchQueue(track, nowMs);
  }

  /** Something is missing of this rendition until its next key frame. */
  torn(kind: Kind, rendition: string): void {
    if (this.#tracks[kind]?.current === rendition && kind === 'video') this.#wait();
  }

  get #leader(): Track | undefined {
    const { video, audio } = this.#tracks;
    return video?.target === undefined ? audio : video;
  }

  #newTrack(kind: Kind, wish: string): Track {
    const names = this.#names(kind);
    const chooser = names.includes(wish) ? undefined : new RungChooser(names.length);
    const track = { kind, wish, chooser, target: undefined, current: undefined, init: undefined, last: undefined };
    this.#aim(track);
    return track;
  }

  #names(kind: Kind): string[] {
    return this.#host.renditions.filter((each) => each.kind === kind).map(({ name }) => name);
  }

  #attend(): void {
    const { video, audio } = this.#tracks;
    const names = [video?.current, video?.target, audio?.current, audio?.target];
    this.#host.attend(new Set(names.filter((name) => name !== undefined)));
  }

  #wait(): void {
    this.#isWaiting = true;
    for (const track of Object.values(this.#tracks)) {
      track.current = undefined;
      track.init = undefined;
      track.last = undefined;
    }
  }

  /** With what there is already, so that there is a picture at once. */
  #begin(nowMs: number): void {
    const leader = this.#leader;
    const parts = leader?.target === undefined ? [] : (this.#host.tail(leader.target)?.parts ?? []);
    if (parts.length > 0) this.#start(leader?.kind === 'video' ? parts : parts.slice(-SOUND_PARTS), nowMs);
  }

  #start(parts: readonly MediaFrame[], nowMs: number): void {
    const leader = this.#leader;
    const first = parts[0];
    if (!leader || !first) return;
    this.#isWaiting = false;
    this.#first = first.header;
    for (const track of Object.values(this.#tracks)) track.current = track.target;
    this.#host.qualityChanged('started');
    for (const part of parts) if (!this.#forward(leader, part, nowMs)) return;
    const { audio } = this.#tracks;
    if (!audio?.current || audio === leader) return;
    const sounds = this.#host.tail(audio.current)?.parts ?? [];
    for (const sound of sounds) {
      if (!isBefore(sound.header, first.header) && !this.#forward(audio, sound, nowMs)) return;
    }
  }

  /** A change of rendition is made where segments begin: at the one that comes, or the one that is coming. */
  #mayChange(track: Track, rendition: string, header: FrameHeader): boolean {
    if (track.target !== rendition || header.part !== 0) return false;
    if (track.kind === 'video' && !header.isIndependent) return false;
    const { last } = track;
    return !last || compareSessions(header, last) > 0 || header.sequence >= last.sequence;
  }

  #change(track: Track, rendition: string): void {
    track.current = rendition;
    track.init = undefined;
    this.#attend();
  }

  /** False when it did not go through. */
  #forward(track: Track, frame: MediaFrame, nowMs: number): boolean {
    const { header } = frame;
    const init = this.#host.tail(track.current ?? '')?.init;
    if (!init || compareSessions(init.header, header) !== 0) return false;
    const isNewInit = !track.init || compareSessions(track.init, header) !== 0;
    if (isNewInit && track.kind === 'video' && !header.isIndependent) return false;
    const fits = (!isNewInit || this.#push(init, nowMs)) && this.#push(frame, nowMs);
    if (!fits) {
      this.#overflow(nowMs);
      return false;
    }
    track.init = init.header;
    track.last = header;
    return true;
  }

  #push({ bytes }: MediaFrame, nowMs: number): boolean {
    return this.#queue.pushMedia(bytes as Buffer, nowMs);
  }

  #overflow(nowMs: number): void {
    this.#droppedParts += this.#queue.dropMedia() + 1;
    this.#wait();
    const { video } = this.#tracks;
    if (video?.chooser?.overflowed(nowMs)) this.#aim(video);
    this.#attend();
    this.#host.qualityChanged('slow');
  }

  #watchQueue(track: Track, nowMs: number): void {
    if (!track.chooser?.sent(this.#queue.isEmpty, nowMs)) return;
    this.#aim(track);
    this.#attend();
  }

  /** At what suits or is asked for; where the session lacks that, at the next one below, or else above. */
  #aim(track: Track): void {
    const names = this.#names(track.kind);
    const rung = track.chooser?.rung ?? names.indexOf(track.wish);
    const has = (name: string) => this.#host.has(name);
    track.target = names.slice(0, rung + 1).findLast(has) ?? names.slice(rung + 1).find(has) ?? names[rung];
  }
}

/** Over before the other begins. */
function isBefore(one: FrameHeader, other: FrameHeader): boolean {
  const sessions = compareSessions(one, other);
  return sessions === 0 ? endSeconds(one) <= startSeconds(other) : sessions < 0;
}
