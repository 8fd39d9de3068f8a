/**
 * The handshake of SRT as a gate between a caller and a listener sees it (draft-sharabayko-srt-01, sections 3.2.1 and
 * 4.3.1): induction, by which the caller proves that it has its address, and conclusion, which carries the stream id.
 */
export interface Handshake {
  readonly version: number;
  /** 0 for none; otherwise the caller wants what it sends to be encrypted. */
  readonly encryption: number;
  readonly type: number;
  /** The sender's. */
  readonly socketId: number;
  readonly cookie: number;
}

export const HANDSHAKE = { induction: 1, conclusion: 0xffffffff } as const;

const HEADER_BYTES = 16;
const BODY_BYTES = 48;
const EXTENSIONS_AT = HEADER_BYTES + BODY_BYTES;

/** Where the fields stand in a packet. */
const AT = {
  timestamp: 8,
  destination: 12,
  version: 16,
  encryption: 20,
  flags: 22,
  type: 36,
  socketId: 40,
  cookie: 44,
} as const;

const CONTROL = 0x8000;
const SHUTDOWN = 0x8005;
/** An extension's message outside a handshake (section 3.2.8), its type behind it. */
const EXTENSION_MESSAGE = 0xffff;
/** By which a listener says that it knows version 5 (section 4.3.1.1). */
const MAGIC = 0x4a17;
const VERSION = 5;

const EXTENSION = { handshakeRequest: 1, keyMaterialRequest: 3, keyMaterialAnswer: 4, streamId: 5 } as const;
/** Among the flags of a conclusion: that key material is in it. */
const HAS_KEY_MATERIAL = 2;

/** Of any packet: whose it is, as its receiver named itself; 0 in a caller's handshake. Undefined for what is none. */
export function destinationOf(packet: Uint8Array): number | undefined {
  return packet.length < HEADER_BYTES ? undefined : viewOf(packet).getUint32(AT.destination);
}

export function isShutdown(packet: Uint8Array): boolean {
  return packet.length >= HEADER_BYTES && viewOf(packet).getUint16(0) === SHUTDOWN;
}

/** Undefined for a packet that is no handshake. */
export function readHandshake(packet: Uint8Array): Handshake | undefined {
  if (packet.length < EXTENSIONS_AT) return undefined;
  const view = viewOf(packet);
  if (view.getUint16(0) !== CONTROL) return undefined;
  return {
    version: view.getUint32(AT.version),
    encryption: view.getUint16(AT.encryption),
    type: view.getUint32(AT.type),
    socketId: view.getUint32(AT.socketId),
    cookie: view.getUint32(AT.cookie),
  };
}

/**
 * Whether a listener says this to a handshake of that type. A question that was said twice is answered twice: the second
 * answer to an induction comes when the conclusion has been said already, and is none to that. Any other number is a refusal.
 */
export function isAnswerTo(asked: number, packet: Uint8Array): boolean {
  const type = readHandshake(packet)?.type;
  return type !== undefined && (type === HANDSHAKE.induction) === (asked === HANDSHAKE.induction);
}

/** What a listener answers to an induction: as long as what was asked, so that nobody's flood is made larger by it. */
export function inductionAnswer(packet: Uint8Array, cookie: number): Uint8Array {
  const answer = answerTo(packet);
  const view = viewOf(answer);
  view.setUint32(AT.version, VERSION);
  view.setUint16(AT.encryption, 0);
  view.setUint16(AT.flags, MAGIC);
  view.setUint32(AT.cookie, cookie);
  return answer;
}

/** Section 4.3.1.2 and the table of section 3.2.1.1 with the codes of libsrt: a reason above 1000 is an application's. */
export function rejection(packet: Uint8Array, reason: number): Uint8Array {
  const answer = answerTo(packet);
  viewOf(answer).setUint32(AT.type, 1_000 + reason);
  return answer;
}

/**
 * The caller's conclusion as it is said to another listener, so much later, whose cookie is another. By the moment in it
 * and its arrival the listener knows the caller's clock (section 4.5.1.1): with the old one it would hold back every packet
 * for as long as the conclusion was held up.
 */
export function saidAgain(packet: Uint8Array, cookie: number, laterMs: number): Uint8Array {
  const copy = new Uint8Array(packet);
  const view = viewOf(copy);
  view.setUint32(AT.cookie, cookie);
  view.setUint32(AT.timestamp, view.getUint32(AT.timestamp) + Math.round(laterMs * 1_000));
  return copy;
}

/** Without extensions, back to where it came from. */
function answerTo(packet: Uint8Array): Uint8Array {
  const answer = new Uint8Array(packet.subarray(0, EXTENSIONS_AT));
  const view = viewOf(answer);
  view.setUint32(AT.destination, view.getUint32(AT.socketId));
  view.setUint16(AT.flags, 0);
  return answer;
}

/** An induction in the name of the caller whose conclusion this is. */
export function inductionOf(conclusion: Uint8Array): Uint8Array {
  const packet = new Uint8Array(conclusion.subarray(0, EXTENSIONS_AT));
  const view = viewOf(packet);
  view.setUint32(AT.destination, 0);
  view.setUint32(AT.version, 4);
  view.setUint16(AT.encryption, 0);
  view.setUint16(AT.flags, 2); // a socket for messages, as version 4 called it
  view.setUint32(AT.type, HANDSHAKE.induction);
  view.setUint32(AT.cookie, 0);
  return packet;
}

/** Section 3.2.7: the end, said to the socket of this id. */
export function shutdown(socketId: number): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + 4);
  const view = viewOf(packet);
  view.setUint16(0, SHUTDOWN);
  view.setUint32(AT.destination, socketId);
  return packet;
}

export interface Conclusion {
  readonly streamId: string;
  readonly isEncrypted: boolean;
  /** By which what it encrypts can be read. */
  readonly keyMaterial?: Uint8Array;
  /** How long the receiver holds back what arrives, as the caller wishes it. */
  readonly latencyMs: number;
}

/** The extensions of a conclusion (section 3.2.1.1); what is cut off is left out. */
export function readConclusion(packet: Uint8Array): Conclusion {
  const wantsKey = viewOf(packet).getUint16(AT.encryption) !== 0;
  let conclusion: Conclusion = { streamId: '', isEncrypted: wantsKey, latencyMs: 0 };
  for (const { type, body } of extensionsOf(packet)) {
    if (type === EXTENSION.streamId) conclusion = { ...conclusion, streamId: readStreamId(body) };
    if (type === EXTENSION.keyMaterialRequest) conclusion = { ...conclusion, isEncrypted: true, keyMaterial: body };
    if (type === EXTENSION.handshakeRequest && body.length >= 12) {
      const view = viewOf(body);
      conclusion = { ...conclusion, latencyMs: Math.max(view.getUint16(8), view.getUint16(10)) };
    }
  }
  return conclusion;
}

interface Extension {
  readonly type: number;
  readonly body: Uint8Array;
  /** With its head. */
  readonly whole: Uint8Array;
}

function extensionsOf(packet: Uint8Array): Extension[] {
  const view = viewOf(packet);
  const found: Extension[] = [];
  for (let at = EXTENSIONS_AT, end = at; at + 4 <= packet.length; at = end) {
    end = at + 4 + view.getUint16(at + 2) * 4;
    if (end > packet.length) break;
    found.push({ type: view.getUint16(at), body: packet.subarray(at + 4, end), whole: packet.subarray(at, end) });
  }
  return found;
}

/** A conclusion as a caller says it that does not encrypt. */
export function withoutKeyMaterial(conclusion: Uint8Array): Uint8Array {
  const kept = extensionsOf(conclusion).filter(({ type }) => type !== EXTENSION.keyMaterialRequest);
  const packet = joined([conclusion.subarray(0, EXTENSIONS_AT), ...kept.map(({ whole }) => whole)]);
  const view = viewOf(packet);
  view.setUint16(AT.encryption, 0);
  view.setUint16(AT.flags, view.getUint16(AT.flags) & ~HAS_KEY_MATERIAL);
  return packet;
}

/** The answer to a conclusion, with the caller's own key material for the word that it was understood. */
export function withKeyMaterial(answer: Uint8Array, message: Uint8Array): Uint8Array {
  const head = new Uint8Array(4);
  viewOf(head).setUint16(0, EXTENSION.keyMaterialAnswer);
  viewOf(head).setUint16(2, message.length / 4);
  const packet = joined([answer, head, message]);
  const view = viewOf(packet);
  view.setUint16(AT.flags, view.getUint16(AT.flags) | HAS_KEY_MATERIAL);
  return packet;
}

/** What a sender says that is about to change its key. */
export function readNewKeyMaterial(packet: Uint8Array): Uint8Array | undefined {
  if (packet.length < HEADER_BYTES) return undefined;
  const view = viewOf(packet);
  const isOne = view.getUint16(0) === EXTENSION_MESSAGE && view.getUint16(2) === EXTENSION.keyMaterialRequest;
  return isOne ? packet.subarray(HEADER_BYTES) : undefined;
}

/** That it was understood, said to the socket of this id. */
export function newKeyMaterialAnswer(socketId: number, message: Uint8Array): Uint8Array {
  const head = new Uint8Array(HEADER_BYTES);
  const view = viewOf(head);
  view.setUint16(0, EXTENSION_MESSAGE);
  view.setUint16(2, EXTENSION.keyMaterialAnswer);
  view.setUint32(AT.destination, socketId);
  return joined([head, message]);
}

/** Whether it carries media, and is not a message between the two sides. */
export function isMedia(packet: Uint8Array): boolean {
  return packet.length >= HEADER_BYTES && viewOf(packet).getUint16(0) < CONTROL;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Section 3.2.1.3: words of four bytes, each written from its end. */
function readStreamId(body: Uint8Array): string {
  const bytes = new Uint8Array(body.length);
  for (let at = 0; at < body.length; at += 4) bytes.set(new Uint8Array(body.subarray(at, at + 4)).reverse(), at);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
