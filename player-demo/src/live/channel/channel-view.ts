import type { LiveStatus } from '../../api/live-shapes.ts';
import type {
  ChannelBroadcast,
  ChannelMessage,
  ChannelRecording,
  ChatMessage,
  ChatSettings,
  Hello,
  TimedMetadata,
} from './messages.ts';

const MESSAGES_KEPT = 200;
const METADATA_KEPT = 20;

/** All that a page shows of a channel. A value: messages make the next one of it. */
export interface ChannelView {
  readonly connection: 'connecting' | 'open' | 'away' | 'closed';
  /** Why it is closed for good. */
  readonly closedBy?: string;
  /** Undefined until the first words. */
  readonly status: LiveStatus | undefined;
  readonly broadcast: ChannelBroadcast | null;
  /** Of the last broadcast, once it plays. */
  readonly recording: ChannelRecording | undefined;
  /** The broadcast that was seen to end here. */
  readonly endedBroadcast?: number;
  readonly viewers: number;
  readonly messages: readonly ChatMessage[];
  readonly chat: ChatSettings | undefined;
  readonly reactions: readonly string[];
  readonly metadata: readonly TimedMetadata[];
  readonly quality: { readonly video: string | null; readonly droppedParts: number } | undefined;
  /** The server's clock less ours. */
  readonly clockAheadMs: number;
  /** Of the numbered events that are in here. */
  readonly place: { readonly epoch: string; readonly sequence: number } | undefined;
  /** Up to here the present is known from the first words: older changes of it are history. */
  readonly presentSince: number;
}

export const UNKNOWN: ChannelView = {
  connection: 'connecting',
  status: undefined,
  broadcast: null,
  recording: undefined,
  viewers: 0,
  messages: [],
  chat: undefined,
  reactions: [],
  metadata: [],
  quality: undefined,
  clockAheadMs: 0,
  place: undefined,
  presentSince: -1,
};

export function applyMessage(view: ChannelView, message: ChannelMessage, nowMs: number): ChannelView {
  switch (message.type) {
    case 'hello':
      return greet(view, message, nowMs);
    case 'viewers':
      return { ...view, viewers: message.count };
    case 'quality':
      return { ...view, quality: { video: message.video, droppedParts: message.droppedParts } };
    case 'state':
    case 'chat':
    case 'chat-deleted':
    case 'chat-settings':
    case 'metadata':
      return applyNumbered(view, message);
    default:
      return view;
  }
}

/** From where on a connection is to tell what happened: what is missing here, or all that is kept. */
export function resumeFrom(view: ChannelView, hello: Hello): { epoch: string; sequence: number } {
  const { place } = view;
  if (place?.epoch === hello.epoch) return place;
  return { epoch: hello.epoch, sequence: Math.max(0, hello.replayFrom - 1) };
}

function greet(view: ChannelView, hello: Hello, nowMs: number): ChannelView {
  const isSame = view.place?.epoch === hello.epoch;
  return {
    ...(isSame ? view : { ...UNKNOWN, clockAheadMs: view.clockAheadMs }),
    ...endOf(view, hello.state, hello.broadcast),
    connection: 'open',
    status: hello.state,
    broadcast: hello.broadcast,
    recording: playable(hello.recording),
    viewers: hello.viewers,
    chat: hello.chat,
    reactions: hello.reactions,
    clockAheadMs: hello.nowMs - nowMs,
    place: resumeFrom(view, hello),
    presentSince: hello.sequence,
  };
}

type NumberedMessage = Extract<
  ChannelMessage,
  { readonly sequence: number; readonly type: 'state' | 'chat' | 'chat-deleted' | 'chat-settings' | 'metadata' }
>;

function applyNumbered(before: ChannelView, message: NumberedMessage): ChannelView {
  const { place } = before;
  // Told twice after a reconnect.
  if (!place || message.sequence <= place.sequence) return before;
  const view: ChannelView = { ...before, place: { ...place, sequence: message.sequence } };
  const isHistory = message.sequence <= view.presentSince;
  switch (message.type) {
    case 'state':
      if (isHistory) return view;
      return {
        ...view,
        ...endOf(view, message.state, message.broadcast),
        status: message.state,
        broadcast: message.broadcast,
        recording: playable(message.recording),
      };
    case 'chat':
      return { ...view, messages: [...view.messages, message].slice(-MESSAGES_KEPT) };
    case 'chat-deleted':
      return { ...view, messages: view.messages.filter(({ id }) => !message.ids.includes(id)) };
    case 'chat-settings':
      return isHistory ? view : { ...view, chat: message.chat };
    case 'metadata':
      return { ...view, metadata: [...view.metadata, message].slice(-METADATA_KEPT) };
  }
}

function playable(recording: ChannelRecording | null | undefined): ChannelRecording | undefined {
  return recording?.isReady ? recording : undefined;
}

function endOf(view: ChannelView, next: LiveStatus, broadcast: ChannelBroadcast | null): Partial<ChannelView> {
  const wasOnAir = view.status === 'live' || view.status === 'reconnecting';
  const number = broadcast?.number ?? view.broadcast?.number;
  if (next === 'idle' && wasOnAir && number !== undefined) return { endedBroadcast: number };
  return view.endedBroadcast === undefined || next !== 'idle' ? {} : { endedBroadcast: view.endedBroadcast };
}
