import type { IncomingHttpHeaders } from 'node:http';

/**
 * Recognises a request so simple that nobody can read it in another way: GET or HEAD of a path, plain fields, no body,
 * nothing behind it. It does not parse HTTP: what is not on its lists is not refused, but left to who does.
 */
export interface SimpleRequest {
  readonly method: 'GET' | 'HEAD';
  readonly target: string;
  readonly fields: SimpleFields;
}

export interface SimpleFields {
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Name, value, name, value, as sent. */
  readonly raw: readonly string[];
}

export interface SimpleLimits {
  readonly headBytes: number;
  readonly fieldCount: number;
}

/** Fields of a connection's last request are kept up to this size, so that an idle connection does not cost more. */
const MAX_KEPT_BYTES = 2_048;

/** Reads the requests of one connection; a player sends the same fields with all of them. */
export class SimpleReader {
  readonly #limits: SimpleLimits;
  /** The bytes behind the last request's first line. */
  #block: Buffer | undefined;
  #fields: SimpleFields | undefined;

  constructor(limits: SimpleLimits) {
    this.#limits = limits;
  }

  /** The request that these bytes are; undefined when they are anything more, less or else. */
  read(bytes: Buffer): SimpleRequest | undefined {
    if (bytes.length >= this.#limits.headBytes) return undefined;
    const method = methodOf(bytes);
    if (!method) return undefined;
    const start = method.length + 1;
    const end = endOfTarget(bytes, start);
    if (end === start || !endsLine(bytes, end)) return undefined;
    const fields = this.#read(bytes, end + VERSION.length);
    return fields && { method, target: bytes.toString('latin1', start, end), fields };
  }

  #read(bytes: Buffer, start: number): SimpleFields | undefined {
    const block = this.#block;
    if (block?.length === bytes.length - start && block.compare(bytes, start) === 0) return this.#fields;
    const fields = readFields(bytes, start, this.#limits.fieldCount);
    const isKept = fields && bytes.length - start <= MAX_KEPT_BYTES;
    // A copy: what the socket read into is larger than what came.
    this.#block = isKept ? Buffer.from(bytes.subarray(start)) : undefined;
    this.#fields = isKept ? fields : undefined;
    return fields;
  }
}

const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const VERSION = Buffer.from(' HTTP/1.1\r\n');

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const each of Buffer.from(characters, 'latin1')) table[each] = 1;
  return table;
}

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** RFC 3986: what path and query are made of. */
const IN_TARGET = tableOf(`${ALPHANUMERIC}-._~:/?@!$&'()*+,;=%`);
/** Fewer than a token may hold. */
const IN_NAME = tableOf(`${ALPHANUMERIC}-`);
/** Printable ASCII without the space. */
const VISIBLE = tableOf(String.fromCharCode(...Array.from({ length: 94 }, (_, at) => 0x21 + at)));

function methodOf(bytes: Buffer): SimpleRequest['method'] | undefined {
  if (bytes[0] === 0x47) return bytes[1] === 0x45 && bytes[2] === 0x54 && bytes[3] === SPACE ? 'GET' : undefined;
  const isHead = bytes[0] === 0x48 && bytes[1] === 0x45 && bytes[2] === 0x41 && bytes[3] === 0x44 && bytes[4] === SPACE;
  return isHead ? 'HEAD' : undefined;
}

/** Where a path and query that begin here end; the same place when none begins. */
function endOfTarget(bytes: Buffer, start: number): number {
  if (bytes[start] !== 0x2f) return start;
  let end = start + 1;
  while (IN_TARGET[bytes[end] ?? 0] === 1) end += 1;
  return end;
}

/** Whether the version stands here and the line ends with it. */
function endsLine(bytes: Buffer, start: number): boolean {
  for (let at = 0; at < VERSION.length; at += 1) if (bytes[start + at] !== VERSION[at]) return false;
  return true;
}

/** About the connection, the body or another protocol: whoever sends these wants more than this reads. */
const NOT_SIMPLE: ReadonlySet<string> = new Set([
  'expect',
  'http2-settings',
  'keep-alive',
  'set-cookie',
  'te',
  'trailer',
  'upgrade',
]);
const NOT_SIMPLE_BEGINNING = /^(?:content|transfer|proxy|sec-websocket)-/;
/** A name or an IPv4 address, and perhaps a port. */
const SIMPLE_HOST = /^[A-Za-z0-9.-]+(?::[0-9]{1,5})?$/;

/** The fields from here to the end of the bytes, which is the end of the head. */
function readFields(bytes: Buffer, start: number, most: number): SimpleFields | undefined {
  const headers: Record<string, string> = Object.create(null);
  const raw: string[] = [];
  let at = start;
  while (bytes[at] !== CR) {
    const colon = endOfName(bytes, at);
    const end = endOfValue(bytes, colon + 1);
    if (colon === at || end === undefined || raw.length === most * 2) return undefined;
    const name = bytes.toString('latin1', at, colon);
    const value = bytes.toString('latin1', bytes[colon + 1] === SPACE ? colon + 2 : colon + 1, end);
    const key = name.toLowerCase();
    if (key in headers || !isSimple(key, value)) return undefined;
    headers[key] = value;
    raw.push(name, value);
    at = end + 2;
  }
  const isWhole = bytes[at + 1] === LF && at + 2 === bytes.length;
  return isWhole && headers.host !== undefined ? { headers, raw } : undefined;
}

/** Where the colon behind a name stands; the same place when there is none. */
function endOfName(bytes: Buffer, start: number): number {
  let end = start;
  while (IN_NAME[bytes[end] ?? 0] === 1) end += 1;
  return bytes[end] === COLON ? end : start;
}

/**
 * Where the line ends whose value begins here: one space or none, then characters with single or several spaces between
 * them. Undefined for an empty value, one with another character, or a line that does not end as it must.
 */
function endOfValue(bytes: Buffer, start: number): number | undefined {
  const first = bytes[start] === SPACE ? start + 1 : start;
  let end = first;
  while (VISIBLE[bytes[end] ?? 0] === 1 || (bytes[end] === SPACE && end > first)) end += 1;
  const isPlain = end > first && bytes[end - 1] !== SPACE;
  return isPlain && bytes[end] === CR && bytes[end + 1] === LF ? end : undefined;
}

function isSimple(name: string, value: string): boolean {
  if (name === 'host') return SIMPLE_HOST.test(value);
  if (name === 'connection') return value.toLowerCase() === 'keep-alive';
  return !NOT_SIMPLE.has(name) && !NOT_SIMPLE_BEGINNING.test(name);
}
