import type { FaultCode } from '../errors.ts';

/**
 * What a browser and the WebSocket door say to one another, as text of JSON; between `accepted` and `finished` the browser
 * sends the chunks of its MediaRecorder as binary messages, in order. The key is in a message since addresses are logged.
 */
export type BrowserSays =
  | { readonly type: 'publish'; readonly streamKey: string; readonly mimeType: string }
  /** Goodbye: everything has been sent. */
  | { readonly type: 'finished' };

export type DoorSays =
  | { readonly type: 'accepted' }
  /** Not let in, or sent away later. */
  | { readonly type: 'refused'; readonly code: FaultCode; readonly says: string };

/** A second of 8 Mbit/s: recorders that hand out chunks more rarely may cut them. */
export const LARGEST_CHUNK_BYTES = 1024 * 1024;

const LONGEST_KEY = 200;
const LONGEST_TYPE = 200;

/** Undefined for what is none of the messages. */
export function readBrowserMessage(text: string): BrowserSays | undefined {
  const message = parse(text);
  if (message?.type === 'finished') return { type: 'finished' };
  if (message?.type !== 'publish') return undefined;
  const { streamKey, mimeType } = message;
  if (typeof streamKey !== 'string' || streamKey === '' || streamKey.length > LONGEST_KEY) return undefined;
  if (typeof mimeType !== 'string' || mimeType.length > LONGEST_TYPE) return undefined;
  return { type: 'publish', streamKey, mimeType };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a recorder of this type writes Matroska, of which WebM is a kind. */
export function isMatroskaType(mimeType: string): boolean {
  return /^(video|audio)\/(webm|x-matroska)(;|$)/i.test(mimeType.trim());
}

/** EBML's own mark, with which every such recording begins (RFC 8794 section 11.2.1). */
const EBML = [0x1a, 0x45, 0xdf, 0xa3];

/** Judged by what is there: the first chunk of Chromium's recorder is at times a single byte. */
export function startsMatroska(bytes: Uint8Array): boolean {
  return EBML.slice(0, bytes.length).every((byte, index) => bytes[index] === byte);
}

/**
 * Whether a page may publish through this server: one of ours, by the address under which it was asked or is known. Keys
 * alone open the door; this keeps other pages from trying keys out of their visitors' browsers. Programs name no page.
 */
export function isOwnPage(origin: string | undefined, host: string, publicUrl: string): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const { host: theirs } = new URL(origin);
  return theirs === host || (URL.canParse(publicUrl) && new URL(publicUrl).host === theirs);
}
