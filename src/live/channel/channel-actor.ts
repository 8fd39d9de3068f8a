import type { SteadyClock } from '../../kernel/clock.ts';
import { readInit } from '../../kernel/cmaf/init.ts';
import { randomSymbols } from '../../kernel/ids.ts';
import type { BroadcastFormat, LivePart, LiveSegment, Session } from '../../kernel/live/broadcast.ts';
import {
  type ChannelBroadcast,
  type ChannelRecording,
  type ChannelState,
  type CoarseHealth,
  channelChat,
  channelRecording,
  channelRenditions,
  type Lasting,
  type Passing,
} from '../../kernel/live/channel.ts';
import { type FrameSource, initHeader, partHeader, writeFrame } from '../../kernel/live/channel-frame.ts';
import type { FromEdge } from '../../kernel/live/channel-link.ts';
import { EventRing, RING_LIMITS } from '../../kernel/live/event-ring.ts';
import { type IngestHealth, isGoodToWatch } from '../../kernel/live/health.ts';
import type { ChatOptions, LiveStreamState } from '../../kernel/live/live-stream.ts';
import { type MediaFrame, MediaTail } from '../../kernel/live/media-tail.ts';
import type { ChannelFeed } from '../seams.ts';
import type { StreamKeys } from '../stream-keys.ts';
import { ChatDesk } from './chat-desk.ts';
import type { EdgeLink } from './edge-link.ts';
import { answerClaim } from './key-claims.ts';

export interface ChannelActorOptions {
  readonly streamId: string;
  /** Under which the addresses of viewers become names. */
  readonly secret: string;
  readonly clock: SteadyClock;
  readonly keys: Pick<StreamKeys, 'open'>;
}

/** What is known of one rendition. */
interface Carried {
  readonly source: FrameSource;
  readonly tail: MediaTail;
  /** Of the last part. */
  session: number;
}

/**
 * A stream's channel: one writer of its numbered events and its media, for all edges. It is there from the first viewer or
 * publisher on, also while nothing is broadcast.
 */
export class ChannelActor implements ChannelFeed {
  readonly desk: ChatDesk;
  readonly #options: ChannelActorOptions;
  readonly #epoch = randomSymbols(12);
  readonly #events = new EventRing(RING_LIMITS);
  readonly #links = new Set<EdgeLink>();
  #state: LiveStreamState = 'idle';
  #broadcast: ChannelBroadcast | null = null;
  #recording: ChannelRecording | null = null;
  #carried: ReadonlyMap<string, Carried> = new Map();
  #health: CoarseHealth = 'unknown';
  #toldViewers = 0;
  #reactions: Record<string, number> = {};
  /** What the session that comes will have; undefined for all. */
  #offered: readonly string[] | undefined;
  /** By how much dates are moved now: a source's clock is not the wall's. */
  #shiftMs = 0;

  constructor(options: ChannelActorOptions) {
    this.#options = options;
    this.desk = new ChatDesk(options.streamId, CLOSED, options.secret, options.clock);
  }

  get links(): ReadonlySet<EdgeLink> {
    return this.#links;
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get viewers(): number {
    let count = 0;
    for (const link of this.#links) count += link.viewers;
    return count;
  }

  // --- the broadcast's news ---

  started(number: number, format: BroadcastFormat): void {
    const renditions = channelRenditions(format);
    const { partTargetSeconds, segmentSeconds } = format;
    const startedAtMs = this.#options.clock.now();
    this.#recording = null;
    this.#offered = undefined;
    this.#broadcast = { number, startedAtMs, session: null, partTargetSeconds, segmentSeconds, renditions };
    this.#carried = new Map(
      renditions.map(({ name, kind, timescale }, rendition) => {
        const source = { rendition, broadcast: number, timescale };
        return [name, { source, tail: new MediaTail(kind), session: 0 }];
      }),
    );
    this.#changeState('live', 'started');
  }

  opening(renditions: readonly string[]): void {
    this.#offered = renditions;
  }

  init(rendition: string, session: Session, bytes: Uint8Array): void {
    const carried = this.#carried.get(rendition);
    if (!carried || !this.#broadcast) return;
    const isNews = this.#learnCodecs(rendition, bytes);
    const isNewSession = session.number > (this.#broadcast.session?.number ?? 0);
    if (isNewSession) this.#enter(session);
    if (isNewSession || isNews) this.#changeState('live', 'session');
    const header = initHeader(carried.source, session);
    this.#carry(rendition, carried, { header, bytes: writeFrame(header, bytes) });
  }

  #enter({ number, beganAtMs }: Session): void {
    const renditions = this.#offered ?? [...this.#carried.keys()];
    if (this.#broadcast) this.#broadcast = { ...this.#broadcast, session: { number, beganAtMs, renditions } };
    this.#shiftMs = 0;
  }

  part(part: LivePart): void {
    const carried = this.#carried.get(part.rendition);
    if (!carried) return;
    const isDiscontinuity = part.session > 1 && part.session !== carried.session;
    carried.session = part.session;
    const header = partHeader(carried.source, part, isDiscontinuity, this.#options.clock.now());
    this.#carry(part.rendition, carried, { header, bytes: writeFrame(header, part.bytes) });
    const { sequence: mediaSequence, bytes, ...rest } = part;
    const { broadcast } = carried.source;
    this.#tellParts({ type: 'part', broadcast, mediaSequence, ...rest, bytes: bytes.byteLength });
  }

  segment({ keyFrame: _, sequence: mediaSequence, isGap, shiftMs = 0, ...segment }: LiveSegment): void {
    this.#shiftMs = shiftMs;
    const broadcast = this.#broadcast?.number ?? 0;
    this.#tellParts({ type: 'segment', broadcast, mediaSequence, ...segment, ...(isGap ? { isGap } : {}) });
  }

  reconnecting(): void {
    if (this.#state === 'live') this.#changeState('reconnecting', 'reconnecting');
  }

  health(ingest: IngestHealth): void {
    this.#tellHealth(isGoodToWatch(ingest) ? 'good' : 'poor');
    for (const link of this.#links) if (link.wantsIngest) link.tell({ type: 'ingest', ingest });
  }

  ended(recordingId?: string): void {
    this.#broadcast = null;
    this.#recording = recordingId === undefined ? null : channelRecording(recordingId, false);
    this.#carried = new Map();
    this.#changeState('idle', 'ended');
    this.#tellHealth('unknown');
  }

  /** What there is to play of the last broadcast, as it turned out later. */
  recorded(recording: ChannelRecording | null): void {
    const known = this.#recording;
    const isKnown = recording?.recordingId === known?.recordingId && recording?.isReady === known?.isReady;
    if (!this.isIdle || isKnown) return;
    this.#recording = recording;
    this.#changeState('idle', 'recording');
  }

  // --- moderation and metadata ---

  tellMetadata(id: string, data: unknown): void {
    const session = this.#broadcast?.session;
    if (!this.#broadcast || !session) return;
    const atMs = this.#options.clock.now();
    const seconds = (atMs - session.beganAtMs - this.#shiftMs) / 1_000;
    const media = { broadcast: this.#broadcast.number, session: session.number, seconds };
    this.#tellAll({ type: 'metadata', id, media, atMs, data });
  }

  deleteMessage(id: string): void {
    this.#events.withdraw([id]);
    this.#tellAll({ type: 'chat-deleted', ids: [id] });
  }

  /** Of messages that were taken back somewhere those that were said here. */
  takeBack(ids: readonly string[]): void {
    for (const id of ids) if (this.#events.hasWords(id)) this.deleteMessage(id);
  }

  setChat(chat: ChatOptions): void {
    this.desk.options = chat;
    this.#tellAll({ type: 'chat-settings', chat: channelChat(chat) });
  }

  // --- edges ---

  join(link: EdgeLink): void {
    this.#links.add(link);
  }

  leave(link: EdgeLink): void {
    this.#links.delete(link);
  }

  take(link: EdgeLink, message: FromEdge): void {
    if (message.type === 'open') this.#open(link, message);
    else if (!link.isOpen) return;
    else if (message.type === 'want') this.#want(link, message);
    else if (message.type === 'audience') this.#countAudience(link, message);
    else if (message.type === 'say') this.#say(link, message);
    else void this.#claim(link, message);
  }

  /** Every second: what is told at most so often. */
  beat(): void {
    const count = this.viewers;
    if (count !== this.#toldViewers) this.#tellPassing({ type: 'viewers', count });
    this.#toldViewers = count;
    if (Object.keys(this.#reactions).length > 0) this.#tellPassing({ type: 'reactions', counts: this.#reactions });
    this.#reactions = {};
  }

  /** With 1012 edges come again, with 4004 they do not. */
  close(code: 1001 | 1012 | 4004): void {
    for (const link of this.#links) link.close(code);
  }

  #open(link: EdgeLink, { epoch, sequence, link: id }: FromEdge & { type: 'open' }): void {
    if (id !== undefined) this.#replace(link, id);
    link.tell({ type: 'state-of', ...this.#present });
    link.isOpen = true;
    // An edge that is new to the channel gets all that is kept: its viewers may come from one that was not.
    const from = epoch === this.#epoch && this.#events.has(sequence) ? sequence : 0;
    for (const event of this.#events.after(from)) link.sendText(event);
  }

  /** What an edge has lost may be open here for seconds yet: its viewers are on the new one, and counted once. */
  #replace(link: EdgeLink, id: string): void {
    link.id = id;
    for (const other of this.#links) {
      if (other === link || other.id !== id) continue;
      link.viewers = other.viewers;
      other.viewers = 0;
      other.drop();
    }
  }

  get #present(): ChannelState {
    return {
      epoch: this.#epoch,
      sequence: this.#events.sequence,
      replayFrom: this.#events.first,
      state: this.#state,
      broadcast: this.#broadcast,
      recording: this.#recording,
      viewers: this.viewers,
      health: this.#health,
      chat: channelChat(this.desk.options),
    };
  }

  #want(link: EdgeLink, { renditions, parts, ingest }: FromEdge & { type: 'want' }): void {
    link.wantsParts = parts;
    link.wantsIngest = ingest;
    for (const name of link.want(renditions)) {
      const tail = this.#carried.get(name)?.tail;
      if (!tail?.init) continue;
      for (const frame of [tail.init, ...tail.parts]) link.sendMedia(frame);
    }
  }

  #countAudience(link: EdgeLink, { viewers, reactions }: FromEdge & { type: 'audience' }): void {
    link.viewers = viewers;
    for (const [name, count] of Object.entries(reactions)) this.#reactions[name] = (this.#reactions[name] ?? 0) + count;
  }

  #say(link: EdgeLink, { id, name, text, viewer, ref }: FromEdge & { type: 'say' }): void {
    const verdict = this.desk.judge({ viewer, text, ref });
    if (verdict.code !== undefined) {
      link.tell({ type: 'answer', id, ...verdict });
      return;
    }
    link.tell({ type: 'answer', id });
    if (verdict.isRepeat) return;
    const author = { id: verdict.authorId, name };
    const atMs = this.#options.clock.now();
    this.#tellAll({ type: 'chat', id: `m_${randomSymbols(12)}`, author, text, atMs });
  }

  async #claim(link: EdgeLink, { id, streamKey, viewer }: FromEdge & { type: 'claim' }): Promise<void> {
    const { keys, streamId } = this.#options;
    link.tell({ type: 'answer', id, ...(await answerClaim(keys, streamId, { ...viewer, streamKey })) });
  }

  /** What a browser is asked to play has to be what comes, and not what was planned. True when the two differ. */
  #learnCodecs(rendition: string, init: Uint8Array): boolean {
    const codecs = readInit(init)?.codecs;
    const known = this.#broadcast?.renditions.find(({ name }) => name === rendition);
    if (!this.#broadcast || codecs === undefined || known?.codecs === codecs) return false;
    const renditions = this.#broadcast.renditions.map((each) => (each === known ? { ...each, codecs } : each));
    this.#broadcast = { ...this.#broadcast, renditions };
    return true;
  }

  #changeState(state: LiveStreamState, event: (Lasting & { type: 'state' })['event']): void {
    this.#state = state;
    const atMs = this.#options.clock.now();
    this.#tellAll({ type: 'state', event, state, broadcast: this.#broadcast, recording: this.#recording, atMs });
  }

  #tellHealth(health: CoarseHealth): void {
    if (health === this.#health) return;
    this.#health = health;
    this.#tellPassing({ type: 'health', health });
  }

  #carry(name: string, { tail }: Carried, frame: MediaFrame): void {
    if (tail.take(frame) === 'old') return;
    for (const link of this.#links) if (link.isOpen && link.wants(name)) link.sendMedia(frame);
  }

  #tellAll(event: Lasting): void {
    const text = JSON.stringify({ ...event, sequence: this.#events.sequence + 1 });
    this.#events.push(text);
    for (const link of this.#links) if (link.isOpen) link.sendText(text);
  }

  #tellPassing(event: Passing): void {
    const text = JSON.stringify(event);
    for (const link of this.#links) if (link.isOpen) link.sendText(text);
  }

  #tellParts(event: Passing): void {
    const text = JSON.stringify(event);
    for (const link of this.#links) if (link.isOpen && link.wantsParts) link.sendText(text);
  }
}

/** Until it is known how the chat is set. */
const CLOSED: ChatOptions = { isOpen: false, slowSeconds: 0 };
