import { randomBytes } from 'node:crypto';
import type { SteadyClock } from '../../kernel/clock.ts';
import {
  CHANNEL_PROTOCOL,
  type ChannelRendition,
  type ChannelState,
  type CloseReason,
  EVENT_KINDS,
  type EventKind,
  type Hello,
  MAX_MESSAGE_BYTES,
  REACTIONS,
} from '../../kernel/live/channel.ts';
import { parseFrameHeader } from '../../kernel/live/channel-frame.ts';
import type { FromNode } from '../../kernel/live/channel-link.ts';
import { EventRing, RING_LIMITS } from '../../kernel/live/event-ring.ts';
import { MediaTail } from '../../kernel/live/media-tail.ts';
import { AskedOfNode } from './asked-of-node.ts';
import { Link, type LinkListener, type LinkOptions } from './link.ts';
import { MESSAGES } from './message-meter.ts';
import { IDLE_MS } from './stay.ts';
import type { AnswerFrom, ChannelViewer, ViewerHost } from './viewer.ts';
import { binaryFrame, textFrame } from './web-socket-frames.ts';

type State = FromNode & { readonly type: 'state-of' };

const CAPABILITIES = ['events', 'media', 'auto', 'chat', 'reactions', 'resume', 'authorize', 'broadcaster', 'observe'];

export interface EdgeChannelOptions extends LinkOptions {
  readonly streamId: string;
  readonly clock: SteadyClock;
  readonly onLeft: (viewer: ChannelViewer) => void;
  /** There is nothing to carry, and nobody to wait for it. */
  readonly onUnknown: () => void;
}

/** One stream's channel at this edge: one connection to the stream's node, and everybody here who listens to it. */
export class EdgeChannel implements LinkListener, ViewerHost {
  readonly #options: EdgeChannelOptions;
  readonly #link: Link;
  readonly #asked: AskedOfNode;
  readonly #viewers = new Set<ChannelViewer>();
  readonly #audiences = new Map<string, Set<ChannelViewer>>();
  readonly #attended = new Map<ChannelViewer, ReadonlySet<string>>();
  readonly #tails = new Map<string, MediaTail>();
  readonly #nonce = randomBytes(6).toString('base64url');
  #says = 0;
  #state: ChannelState | undefined;
  #events = new EventRing(RING_LIMITS);
  /** Up to here what comes happened before anybody here could hear of it: the node's state tells what became of it. */
  #pastUntil = 0;
  #reactions: Record<string, number> = {};
  /** What the node was told last. */
  #wanted = '';
  #toldViewers = -1;

  constructor(options: EdgeChannelOptions) {
    this.#options = options;
    this.#link = new Link(options, this);
    this.#asked = new AskedOfNode((question) => this.#link.send(question));
  }

  get viewers(): ReadonlySet<ChannelViewer> {
    return this.#viewers;
  }

  start(): void {
    this.#link.start();
  }

  stop(reason: CloseReason): void {
    this.#link.stop();
    this.#asked.stop();
    for (const viewer of this.#viewers) viewer.close(reason);
  }

  join(viewer: ChannelViewer): void {
    this.#viewers.add(viewer);
    viewer.begin();
  }

  /** Every second: what is told at most so often. */
  beat(): void {
    this.#tellAudience();
    this.#tellWants();
    for (const viewer of this.#viewers) viewer.beat();
  }

  // --- what viewers ask ---

  get epoch(): string {
    return this.#state?.epoch ?? '';
  }

  get events(): EventRing {
    return this.#events;
  }

  get renditions(): readonly ChannelRendition[] {
    return this.#state?.broadcast?.renditions ?? [];
  }

  has(rendition: string): boolean {
    return this.#state?.broadcast?.session?.renditions.includes(rendition) ?? true;
  }

  tail(rendition: string): MediaTail | undefined {
    return this.#tails.get(rendition);
  }

  hello(expiresAtMs: number | null): Hello | undefined {
    const { streamId, clock } = this.#options;
    if (!this.#state || !this.#isKnown) return undefined;
    return {
      type: 'hello',
      protocol: CHANNEL_PROTOCOL,
      streamId,
      nowMs: clock.now(),
      ...this.#state,
      sequence: this.#events.sequence,
      replayFrom: this.#events.first,
      reactions: REACTIONS,
      capabilities: CAPABILITIES,
      limits: { messageBytes: MAX_MESSAGE_BYTES, messagesPerTenSeconds: MESSAGES, idleSeconds: IDLE_MS / 1_000 },
      expiresAtMs,
    };
  }

  attend(viewer: ChannelViewer, renditions: ReadonlySet<string>): void {
    const before = this.#attended.get(viewer) ?? new Set();
    for (const name of before) if (!renditions.has(name)) this.#audiences.get(name)?.delete(viewer);
    let isNew = false;
    for (const name of renditions) {
      const audience = this.#audiences.get(name) ?? new Set();
      this.#audiences.set(name, audience);
      isNew ||= audience.size === 0;
      audience.add(viewer);
    }
    if (renditions.size === 0) this.#attended.delete(viewer);
    else this.#attended.set(viewer, renditions);
    // What nobody looks at any more may go on for a moment; what somebody waits for may not wait.
    if (isNew) this.#tellWants();
  }

  eventsChanged(): void {
    this.#tellWants();
  }

  say(viewer: ChannelViewer, { name, text, ref }: { name: string; text: string; ref: string }): Promise<AnswerFrom> {
    this.#says += 1;
    // Asked again over another connection it is the same all the same.
    const own = ref === '' ? `${this.#nonce}.${this.#says}` : ref;
    return this.#asked.ask({ type: 'say', viewer: whoIs(viewer), name, text, ref: own });
  }

  claim(viewer: ChannelViewer, streamKey: string): Promise<AnswerFrom> {
    return this.#asked.ask({ type: 'claim', viewer: whoIs(viewer), streamKey });
  }

  react(reaction: string): void {
    this.#reactions[reaction] = (this.#reactions[reaction] ?? 0) + 1;
  }

  leave(viewer: ChannelViewer): void {
    if (!this.#viewers.delete(viewer)) return;
    this.attend(viewer, new Set());
    this.#options.onLeft(viewer);
  }

  // --- what the node says ---

  position(): { epoch: string; sequence: number } {
    return { epoch: this.epoch, sequence: this.#events.sequence };
  }

  opened({ type: _, ...state }: State): void {
    const { sequence } = this.#events;
    const goesOn = this.#state?.epoch === state.epoch && sequence <= state.sequence && sequence >= state.replayFrom - 1;
    const before = this.#isKnown ? this.#state : undefined;
    this.#state = goesOn && before ? { ...state, ...theState(before) } : state;
    if (!goesOn) this.#events = new EventRing(RING_LIMITS, state.replayFrom - 1);
    if (!goesOn || !before) {
      this.#pastUntil = state.sequence;
      this.#forgetMedia();
      this.#greetOnceKnown();
    }
    this.#wanted = '';
    this.#toldViewers = -1;
    this.#tellWants();
    this.#tellAudience();
    this.#asked.askAgain();
  }

  event(text: string, fields: Readonly<Record<string, unknown>>, sequence: number | undefined): void {
    const kind = EVENT_KINDS.find((each) => each === fields.type);
    if (!kind || (sequence !== undefined && sequence !== this.#events.sequence + 1)) return;
    if (kind === 'chat-deleted') this.#events.withdraw(idsOf(fields));
    if (sequence !== undefined && sequence <= this.#pastUntil) {
      this.#events.push(text);
      this.#greetOnceKnown();
      return;
    }
    const change = this.#learn(kind, fields);
    const frame = textFrame(text);
    if (sequence === undefined) for (const viewer of this.#viewers) viewer.takeEvent(kind, frame);
    else {
      this.#events.push(text);
      for (const viewer of this.#viewers) viewer.takeNumbered(kind, sequence, frame);
    }
    if (change === 'session') for (const viewer of this.#viewers) viewer.enterSession();
    if (change !== 'broadcast') return;
    this.#forgetMedia();
    for (const viewer of this.#viewers) viewer.restartMedia();
  }

  told(message: FromNode): void {
    if (message.type === 'answer') this.#asked.answered(message);
    if (message.type !== 'ingest') return;
    const health = this.#state?.health ?? 'unknown';
    for (const viewer of this.#viewers) {
      if (viewer.isBroadcaster) viewer.tell({ type: 'health', health, ingest: message.ingest });
    }
  }

  media(bytes: Uint8Array): void {
    const header = parseFrameHeader(bytes);
    const rendition = header && this.renditions[header.rendition];
    if (!rendition || header.broadcast !== this.#state?.broadcast?.number) return;
    const { name, kind } = rendition;
    const tail = this.#tails.get(name) ?? new MediaTail(kind);
    this.#tails.set(name, tail);
    const frame = { header, bytes: binaryFrame(bytes) };
    const continuity = tail.take(frame);
    const audience = this.#audiences.get(name);
    if (!audience || continuity === 'old' || continuity === 'init') return;
    const steadyMs = this.#options.clock.steady();
    for (const { playback } of audience) {
      if (continuity === 'next') playback.take(kind, name, frame, steadyMs);
      else playback.torn(kind, name);
    }
  }

  lost(): void {
    // Viewers need not know: what they miss is sent when there is a connection again.
  }

  unknown(): void {
    this.#options.onUnknown();
  }

  /** Whether the node has been heard, and all that it keeps of the past. */
  get #isKnown(): boolean {
    return this.#state !== undefined && this.#events.sequence >= this.#pastUntil;
  }

  #greetOnceKnown(): void {
    if (this.#isKnown) for (const viewer of this.#viewers) viewer.greet();
  }

  /** Keeps what newcomers are told up to date. Says what of the media begins anew. */
  #learn(kind: EventKind, fields: Readonly<Record<string, unknown>>): 'broadcast' | 'session' | undefined {
    const state = this.#state;
    if (!state) return undefined;
    if (kind === 'viewers') this.#state = { ...state, viewers: Number(fields.count) };
    else if (kind === 'health') this.#state = { ...state, health: fields.health as ChannelState['health'] };
    else if (kind === 'chat-settings') this.#state = { ...state, chat: fields.chat as ChannelState['chat'] };
    if (kind !== 'state') return undefined;
    this.#state = { ...state, ...theState(fields as unknown as TheState) };
    const [before, after] = [state.broadcast, this.#state.broadcast];
    if (after?.number !== before?.number) return 'broadcast';
    return after?.session?.number === before?.session?.number ? undefined : 'session';
  }

  #forgetMedia(): void {
    this.#tails.clear();
  }

  #tellWants(): void {
    const renditions = [...this.#audiences].filter(([, { size }]) => size > 0).map(([name]) => name);
    for (const name of this.#tails.keys()) if (!renditions.includes(name)) this.#tails.delete(name);
    const someone = (test: (viewer: ChannelViewer) => boolean) => [...this.#viewers].some(test);
    const parts = someone((viewer) => viewer.listensTo('part') || viewer.listensTo('segment'));
    const ingest = someone(({ isBroadcaster }) => isBroadcaster);
    const wanted = JSON.stringify([renditions, parts, ingest]);
    if (wanted === this.#wanted) return;
    if (this.#link.send({ type: 'want', renditions, parts, ingest })) this.#wanted = wanted;
  }

  #tellAudience(): void {
    const viewers = [...this.#viewers].filter(({ isObserver }) => !isObserver).length;
    const reactions = this.#reactions;
    if (viewers === this.#toldViewers && Object.keys(reactions).length === 0) return;
    if (!this.#link.send({ type: 'audience', viewers, reactions })) return;
    this.#toldViewers = viewers;
    this.#reactions = {};
  }
}

/** What numbered events keep up to date, those that were missed too. */
type TheState = Pick<ChannelState, 'state' | 'broadcast' | 'recording'>;

function theState({ state, broadcast, recording }: TheState): TheState {
  return { state, broadcast, recording };
}

function whoIs({ admission, grantId }: ChannelViewer): { address: string; grantId: string } {
  return { address: admission.address, grantId };
}

function idsOf({ ids }: Readonly<Record<string, unknown>>): string[] {
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
}
