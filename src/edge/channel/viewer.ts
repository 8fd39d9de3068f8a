import type { SteadyClock } from '../../kernel/clock.ts';
import { FAULTS, type FaultCode } from '../../kernel/errors.ts';
import type {
  Answer,
  CloseReason,
  EventKind,
  Hello,
  Passing,
  QualityReason,
  Subscription,
} from '../../kernel/live/channel.ts';
import { USUAL_EVENTS } from '../../kernel/live/channel.ts';
import { type ChannelRequest, parseChannelRequest } from '../../kernel/live/channel-request.ts';
import type { EventRing } from '../../kernel/live/event-ring.ts';
import type { Admission } from './admission.ts';
import { MessageMeter } from './message-meter.ts';
import { Playback, type PlaybackHost } from './playback.ts';
import { Stay } from './stay.ts';
import { ViewerQueue } from './viewer-queue.ts';
import type { ViewerSocket } from './viewer-socket.ts';
import { textFrame } from './web-socket-frames.ts';

export interface AnswerFrom {
  readonly code?: FaultCode;
  readonly retryAfterMs?: number;
}

/** What a viewer asks of the channel. */
export interface ViewerHost extends Pick<PlaybackHost, 'renditions' | 'has' | 'tail'> {
  readonly epoch: string;
  readonly events: EventRing;
  hello(expiresAtMs: number | null): Hello | undefined;
  attend(viewer: ChannelViewer, renditions: ReadonlySet<string>): void;
  /** What it is told may have changed. */
  eventsChanged(): void;
  say(viewer: ChannelViewer, words: { name: string; text: string; ref: string }): Promise<AnswerFrom>;
  claim(viewer: ChannelViewer, streamKey: string): Promise<AnswerFrom>;
  react(reaction: string): void;
  leave(viewer: ChannelViewer): void;
}

/** One viewer of a channel: what he asked for, what he is sent, and whether he may stay. */
export class ChannelViewer {
  readonly admission: Admission;
  readonly #socket: ViewerSocket;
  readonly #host: ViewerHost;
  readonly #clock: SteadyClock;
  readonly #queue: ViewerQueue;
  readonly #playback: Playback;
  readonly #stay: Stay;
  readonly #meter = new MessageMeter();
  #events: ReadonlySet<EventKind> = new Set();
  /** The newest numbered event that he was told of in one way or another; undefined before the first words. */
  #sequence: number | undefined;
  #isBroadcaster = false;
  #isObserver = false;
  /** One key of his is looked at at a time, so that others wait behind one. */
  #isClaiming = false;

  constructor(socket: ViewerSocket, admission: Admission, host: ViewerHost, clock: SteadyClock) {
    this.admission = admission;
    this.#socket = socket;
    this.#host = host;
    this.#clock = clock;
    this.#stay = new Stay(socket, admission, clock);
    this.#queue = new ViewerQueue(socket);
    const playback: PlaybackHost = {
      get renditions() {
        return host.renditions;
      },
      has: (rendition) => host.has(rendition),
      tail: (rendition) => host.tail(rendition),
      attend: (renditions) => host.attend(this, renditions),
      qualityChanged: (reason) => this.#tellQuality(reason),
    };
    this.#playback = new Playback(playback, this.#queue);
  }

  get grantId(): string {
    return this.#stay.grantId;
  }

  /** Of media, since he joined. */
  get droppedParts(): number {
    return this.#playback.droppedParts;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  get playback(): Pick<Playback, 'take' | 'torn'> {
    return this.#playback;
  }

  get isBroadcaster(): boolean {
    return this.#isBroadcaster;
  }

  /** Is here to look after the stream, and does not want to be counted. Whoever likes may say so: it helps nobody to. */
  get isObserver(): boolean {
    return this.#isObserver;
  }

  begin(): void {
    this.#socket.listen(
      {
        message: (text) => this.#take(text),
        drained: () => this.#queue.drain(),
        closed: () => this.#host.leave(this),
      },
      () => this.#clock.steady(),
    );
    this.greet();
  }

  /** The first words, or once more when what was said before counts no more. */
  greet(): void {
    const hello = this.#host.hello(this.#stay.expiresAtMs);
    if (!hello) return;
    this.#stay.greeted();
    this.#sequence = hello.sequence;
    this.#tell(hello);
    this.#playback.restart(this.#clock.steady());
  }

  /** Another broadcast than before. */
  restartMedia(): void {
    this.#playback.restart(this.#clock.steady());
  }

  /** Another session of the same broadcast. */
  enterSession(): void {
    this.#playback.enterSession();
  }

  listensTo(kind: EventKind): boolean {
    return this.#events.has(kind);
  }

  /** An event in the frame that is made once for all. */
  takeEvent(kind: EventKind, frame: Buffer): void {
    if (this.#events.has(kind)) this.#push(frame);
  }

  takeNumbered(kind: EventKind, sequence: number, frame: Buffer): void {
    // Before he listens to anything, what comes is kept for when he does.
    if (this.#events.size === 0 || this.#sequence === undefined) return;
    this.#sequence = sequence;
    this.takeEvent(kind, frame);
  }

  tell(message: Answer | Passing): void {
    this.#tell(message);
  }

  close(reason: CloseReason): void {
    this.#socket.close(reason);
  }

  /** Every second. */
  beat(): void {
    this.#stay.beat();
  }

  #take(text: string): void {
    const state = this.#meter.count(this.#clock.steady());
    if (state === 'flood') this.close('TOO_MANY_MESSAGES');
    else if (state === 'much') this.#refuse('CHANNEL_RATE_LIMITED', undefined);
    else this.#answer(text);
  }

  #answer(text: string): void {
    const request = parseChannelRequest(text);
    if (request) this.#follow(request);
    else if (this.#meter.isPatient()) this.#refuse('CHANNEL_MESSAGE_INVALID', undefined);
    else this.close('TOO_MANY_MESSAGES');
  }

  #follow(request: ChannelRequest): void {
    const { ref, type } = request;
    if (type === 'subscribe') this.#subscribe(request);
    else if (type === 'unsubscribe') this.#unsubscribe(request);
    else if (type === 'resume') this.#resume(request);
    else if (type === 'chat') this.#say(request);
    else if (type === 'reaction') this.#host.react(request.reaction);
    else if (type === 'authorize') this.#authorize(request.token, ref);
    else if (type === 'broadcaster') this.#claim(request.streamKey, ref);
    else this.#tell({ type: 'pong', ...named(ref), nowMs: this.#clock.now() });
  }

  #subscribe({ ref, events, video, audio, observe }: ChannelRequest & { type: 'subscribe' }): void {
    const { renditions } = this.#host;
    const isUnknown = (wish: string | undefined, kind: 'video' | 'audio') =>
      wish !== undefined && wish !== 'auto' && !renditions.some((each) => each.name === wish && each.kind === kind);
    if (renditions.length > 0 && (isUnknown(video, 'video') || isUnknown(audio, 'audio'))) {
      this.#refuse('RENDITION_UNKNOWN', ref);
      return;
    }
    this.#isObserver = observe ?? this.#isObserver;
    const wishes = { ...(video === undefined ? {} : { video }), ...(audio === undefined ? {} : { audio }) };
    const missed = events ? this.#listenTo(events) : [];
    this.#confirm(ref, { ...this.#playback.wishes, ...wishes });
    for (const each of missed) this.#push(textFrame(each));
    this.#playback.subscribe(wishes, this.#clock.steady());
  }

  #unsubscribe({ ref, events, video, audio }: ChannelRequest & { type: 'unsubscribe' }): void {
    if (events) this.#listenTo([]);
    if (video) this.#playback.end('video');
    if (audio) this.#playback.end('audio');
    this.#confirm(ref, this.#playback.wishes);
  }

  /** Returns what he has not been told: of what came since the first words, when he listened to nothing. */
  #listenTo(kinds: readonly EventKind[]): readonly string[] {
    const isFirst = this.#events.size === 0;
    this.#events = new Set(kinds);
    // Nobody is told of every part unless somebody wants to know.
    if (kinds.includes('part') || kinds.includes('segment')) this.#host.eventsChanged();
    if (!isFirst || kinds.length === 0) return [];
    return this.#catchUp(this.#sequence ?? this.#host.events.sequence);
  }

  #catchUp(after: number): readonly string[] {
    const { events } = this.#host;
    this.#sequence = events.sequence;
    return events.after(after).filter((text) => this.#events.has(kindOf(text)));
  }

  #resume({ ref, epoch, sequence }: ChannelRequest & { type: 'resume' }): void {
    const { events } = this.#host;
    if (this.#events.size === 0) this.#events = new Set(USUAL_EVENTS);
    const isSame = epoch === this.#host.epoch && sequence <= events.sequence;
    const after = Math.max(isSame ? sequence : 0, events.first - 1);
    this.#tell({ type: 'resumed', ...named(ref), sequence: after, isComplete: isSame && after === sequence });
    for (const each of this.#catchUp(after)) this.#push(textFrame(each));
  }

  #authorize(token: string, ref: string | undefined): void {
    if (!this.#stay.renew(token)) this.#refuse('GRANT_REJECTED', ref);
    else this.#tell({ type: 'authorized', ...named(ref), expiresAtMs: this.#stay.expiresAtMs });
  }

  #say({ ref, name, text }: ChannelRequest & { type: 'chat' }): void {
    void this.#host.say(this, { name, text, ref: ref ?? '' }).then((answer) => this.#accept(answer, ref));
  }

  #claim(streamKey: string, ref: string | undefined): void {
    if (this.#isClaiming) {
      this.#refuse('CHANNEL_RATE_LIMITED', ref);
      return;
    }
    this.#isClaiming = true;
    void this.#host.claim(this, streamKey).then((answer) => {
      this.#isClaiming = false;
      if (!answer.code) this.#isBroadcaster = true;
      this.#accept(answer, ref);
      this.#host.eventsChanged();
    });
  }

  #accept({ code, retryAfterMs }: AnswerFrom, ref: string | undefined): void {
    if (code) this.#refuse(code, ref, retryAfterMs);
    else this.#tell({ type: 'accepted', ...named(ref) });
  }

  #confirm(ref: string | undefined, media: Pick<Subscription, 'video' | 'audio'>): void {
    this.#tell({ type: 'subscribed', ...named(ref), events: [...this.#events], ...media, observe: this.#isObserver });
  }

  #tellQuality(reason: QualityReason): void {
    const { chosen, droppedParts } = this.#playback;
    this.#tell({ type: 'quality', ...chosen, reason, droppedParts });
  }

  #refuse(code: FaultCode, ref: string | undefined, retryAfterMs?: number): void {
    const later = retryAfterMs === undefined ? {} : { retryAfterMs };
    this.#tell({ type: 'error', ...named(ref), code, message: FAULTS[code].says, ...later });
  }

  #tell(message: Hello | Answer | Passing): void {
    this.#push(textFrame(JSON.stringify(message)));
  }

  #push(frame: Buffer): void {
    if (!this.#queue.pushEvent(frame)) this.close('TOO_SLOW');
  }
}

function named(ref: string | undefined): { readonly ref?: string } {
  return ref === undefined ? {} : { ref };
}

function kindOf(text: string): EventKind {
  return JSON.parse(text).type;
}
