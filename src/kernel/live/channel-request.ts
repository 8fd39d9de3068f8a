import {
  EVENT_KINDS,
  type EventKind,
  MAX_CHAT_LENGTH,
  MAX_MESSAGE_BYTES,
  MAX_NAME_LENGTH,
  REACTIONS,
  USUAL_EVENTS,
} from './channel.ts';

/** What a viewer asks of a channel. What is absent stays as it was. */
export type ChannelRequest = { readonly ref?: string } & (
  | {
      readonly type: 'subscribe';
      readonly events?: readonly EventKind[];
      readonly video?: string;
      readonly audio?: string;
      /** Whether he is left out of the count. */
      readonly observe?: boolean;
    }
  | { readonly type: 'unsubscribe'; readonly events?: true; readonly video?: true; readonly audio?: true }
  | { readonly type: 'resume'; readonly epoch: string; readonly sequence: number }
  | { readonly type: 'chat'; readonly text: string; readonly name: string }
  | { readonly type: 'reaction'; readonly reaction: string }
  | { readonly type: 'authorize'; readonly token: string }
  | { readonly type: 'broadcaster'; readonly streamKey: string }
  | { readonly type: 'ping' }
);

type Fields = Readonly<Record<string, unknown>>;
type Reader = (fields: Fields) => ChannelRequest | undefined;

/** Strict: a field of the wrong kind, or one that the message does not have, makes all of it undefined. */
export function parseChannelRequest(text: string): ChannelRequest | undefined {
  const fields = readJsonObject(text);
  if (!fields) return undefined;
  const { type, ref, ...rest } = fields;
  if (typeof type !== 'string' || !Object.hasOwn(READERS, type)) return undefined;
  if (ref !== undefined && !isText(ref, 32)) return undefined;
  const request = READERS[type]?.(rest);
  return request && ref !== undefined ? { ...request, ref } : request;
}

const READERS: Readonly<Record<string, Reader>> = {
  subscribe: (fields) => {
    const { events, video, audio, observe } = fields;
    if (!hasOnly(fields, ['events', 'video', 'audio', 'observe'])) return undefined;
    if (observe !== undefined && typeof observe !== 'boolean') return undefined;
    const kinds = events === true ? USUAL_EVENTS : events;
    if (kinds !== undefined && !isEventList(kinds)) return undefined;
    if (!isRendition(video) || !isRendition(audio)) return undefined;
    return {
      type: 'subscribe',
      ...(kinds ? { events: kinds } : {}),
      ...(video === undefined ? {} : { video }),
      ...(audio === undefined ? {} : { audio }),
      ...(observe === undefined ? {} : { observe }),
    };
  },
  unsubscribe: (fields) => {
    if (!hasOnly(fields, ['events', 'video', 'audio'])) return undefined;
    if (Object.values(fields).some((each) => each !== true)) return undefined;
    return { type: 'unsubscribe', ...fields };
  },
  resume: (fields) => {
    const { epoch, sequence } = fields;
    if (!hasOnly(fields, ['epoch', 'sequence']) || !isText(epoch, 32) || !isCount(sequence)) return undefined;
    return { type: 'resume', epoch, sequence };
  },
  chat: (fields) => {
    if (!hasOnly(fields, ['text', 'name'])) return undefined;
    const text = cleaned(fields.text, MAX_CHAT_LENGTH);
    const name = cleaned(fields.name, MAX_NAME_LENGTH);
    return text && name ? { type: 'chat', text, name } : undefined;
  },
  reaction: (fields) => {
    const { reaction } = fields;
    if (!hasOnly(fields, ['reaction']) || typeof reaction !== 'string') return undefined;
    return REACTIONS.includes(reaction) ? { type: 'reaction', reaction } : undefined;
  },
  authorize: (fields) => {
    const { token } = fields;
    return hasOnly(fields, ['token']) && isText(token, MAX_MESSAGE_BYTES) ? { type: 'authorize', token } : undefined;
  },
  broadcaster: (fields) => {
    const { streamKey } = fields;
    return hasOnly(fields, ['streamKey']) && isText(streamKey, 128) ? { type: 'broadcaster', streamKey } : undefined;
  },
  ping: (fields) => (hasOnly(fields, []) ? { type: 'ping' } : undefined),
};

/** The object that the text is in JSON; undefined for every other text. */
export function readJsonObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    // Text that is no JSON is no message.
    return undefined;
  }
}

function hasOnly(fields: Fields, names: readonly string[]): boolean {
  return Object.keys(fields).every((name) => names.includes(name));
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxLength;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const RENDITION = /^[a-z0-9][a-z0-9-]{0,31}$/;

function isRendition(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && RENDITION.test(value));
}

function isEventList(value: unknown): value is readonly EventKind[] {
  const known: readonly unknown[] = EVENT_KINDS;
  return Array.isArray(value) && value.length <= known.length && value.every((each) => known.includes(each));
}

/** Control characters, what turns the direction of text around, and what is not seen at all. */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0]/g;
const MARKS_IN_A_ROW = /(\p{M}{4})\p{M}+/gu;

/** What somebody may say to everybody: on one line, and not over or under it either. Undefined when nothing is left. */
function cleaned(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string' || value.length > maxLength || !value.isWellFormed()) return undefined;
  const text = value.replace(UNSEEN, ' ').replace(MARKS_IN_A_ROW, '$1').replace(/\s+/g, ' ').trim();
  // Joiners and marks alone are seen by nobody, or stand on whatever comes before.
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(text) ? text : undefined;
}
