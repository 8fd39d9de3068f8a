import { readJsonObject } from './channel-request.ts';
import { type ChatOptions, END_REASONS, type EndReason } from './live-stream.ts';

/** What control, or another node, asks of the node that has a stream. */
export type LiveCommand =
  /** The broadcast is over, and its publishers are sent away. */
  | { readonly kind: 'end'; readonly reason: EndReason }
  /** Publishers came in by a key that counts no more. The broadcast waits for one with the new key. */
  | { readonly kind: 'expel' }
  /** A publisher has come to another node: this one gives the stream up, unless somebody publishes to it here. */
  | { readonly kind: 'yield' }
  /** Something to tell at this very moment of the media. */
  | { readonly kind: 'metadata'; readonly id: string; readonly data: unknown }
  | { readonly kind: 'chat-delete'; readonly messageId: string }
  /** By the id that chat messages carry of their author. Without an end it is for good. */
  | { readonly kind: 'chat-ban'; readonly authorId: string; readonly seconds?: number }
  | { readonly kind: 'chat-unban'; readonly authorId: string }
  | { readonly kind: 'chat-settings'; readonly chat: ChatOptions };

/** Of metadata, as JSON: it goes to every viewer. */
export const MAX_METADATA_BYTES = 4_096;

export const MAX_SLOW_SECONDS = 3_600;
export const MAX_BAN_SECONDS = 31_536_000;

type Fields = Readonly<Record<string, unknown>>;

const READERS: { readonly [Kind in LiveCommand['kind']]: (fields: Fields) => LiveCommand | undefined } = {
  end: ({ reason, ...rest }) => (isEndReason(reason) && isEmpty(rest) ? { kind: 'end', reason } : undefined),
  expel: (fields) => (isEmpty(fields) ? { kind: 'expel' } : undefined),
  yield: (fields) => (isEmpty(fields) ? { kind: 'yield' } : undefined),
  metadata: ({ id, data, ...rest }) =>
    isToken(id) && isMetadata(data) && isEmpty(rest) ? { kind: 'metadata', id, data } : undefined,
  'chat-delete': ({ messageId, ...rest }) =>
    isToken(messageId) && isEmpty(rest) ? { kind: 'chat-delete', messageId } : undefined,
  'chat-ban': ({ authorId, seconds, ...rest }) => {
    if (!isToken(authorId) || !isEmpty(rest)) return undefined;
    if (seconds === undefined) return { kind: 'chat-ban', authorId };
    return isCount(seconds, 1, MAX_BAN_SECONDS) ? { kind: 'chat-ban', authorId, seconds } : undefined;
  },
  'chat-unban': ({ authorId, ...rest }) =>
    isToken(authorId) && isEmpty(rest) ? { kind: 'chat-unban', authorId } : undefined,
  'chat-settings': ({ chat, ...rest }) =>
    isChatOptions(chat) && isEmpty(rest) ? { kind: 'chat-settings', chat } : undefined,
};

/** Strict: undefined for text that is no command, or one with a field too many. */
export function parseLiveCommand(text: string): LiveCommand | undefined {
  const fields = readJsonObject(text);
  if (!fields) return undefined;
  const { kind, ...rest } = fields;
  if (typeof kind !== 'string' || !Object.hasOwn(READERS, kind)) return undefined;
  return READERS[kind as LiveCommand['kind']](rest);
}

export function liveCommandPath(streamId: string): string {
  return `/live/${streamId}/commands`;
}

/** Whether something may be told as metadata. */
export function isMetadata(data: unknown): boolean {
  const json = JSON.stringify(data);
  return json !== undefined && Buffer.byteLength(json) <= MAX_METADATA_BYTES;
}

const REASONS: ReadonlySet<unknown> = new Set<EndReason>(END_REASONS);

function isEndReason(value: unknown): value is EndReason {
  return REASONS.has(value);
}

/** Ids of metadata, messages and their authors. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

function isCount(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}

function isChatOptions(value: unknown): value is ChatOptions {
  if (typeof value !== 'object' || value === null) return false;
  const { isOpen, slowSeconds, ...rest } = value as Fields;
  return typeof isOpen === 'boolean' && isCount(slowSeconds, 0, MAX_SLOW_SECONDS) && isEmpty(rest);
}

function isEmpty(fields: Fields): boolean {
  return Object.keys(fields).length === 0;
}
