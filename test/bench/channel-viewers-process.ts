/**
 * The viewers of `channel.bench.ts`: each joins, asks for media, and measures how long after its publication each part was
 * in his hands. A share of them reads slower than it comes. Says `joined` when all are in; takes `begin` and `end` on its
 * input, and answers the second with what it measured, as JSON.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { CHANNEL_PROTOCOL } from '../../src/kernel/live/channel.ts';
import { parseFrameHeader } from '../../src/kernel/live/channel-frame.ts';

const [url = '', count = '1', slowShare = '0', request = ''] = process.argv.slice(2);
const { host, hostname, port, pathname } = new URL(url);
/** So many at a time, that no backlog overflows. */
const AT_ONCE = 100;
/** Of each slow viewer: less than half of what comes. */
const SLOW_BYTES_A_SECOND = 32_768;

export interface Measured {
  /** From the publication of a part until the last viewer who reads at once had it, for each part. */
  readonly lastMs: readonly number[];
  /** The same for every single viewer, of some of them. */
  readonly eachMs: readonly number[];
  readonly parts: number;
  /** Of the slow ones. */
  readonly slowParts: number;
  readonly droppedParts: number;
  readonly closed: number;
}

const now = () => performance.timeOrigin + performance.now();
const lastMs = new Map<string, number>();
let eachMs: number[] = [];
let counts = { parts: 0, slowParts: 0, closed: 0 };
let dropped: number[] = [];
let isMeasuring = false;

/** Reads frames of a server: never masked, and never in fragments. */
class Frames {
  #rest: Buffer = Buffer.alloc(0);
  readonly #take: (payload: Buffer, isBinary: boolean, atMs: number) => void;

  constructor(take: (payload: Buffer, isBinary: boolean, atMs: number) => void) {
    this.#take = take;
  }

  push(bytes: Buffer): void {
    const atMs = now();
    let at = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    for (;;) {
      const head = headOf(at);
      if (!head || at.length < head.start + head.length) break;
      this.#take(at.subarray(head.start, head.start + head.length), head.opcode === 2, atMs);
      at = at.subarray(head.start + head.length);
    }
    this.#rest = at;
  }
}

function headOf(bytes: Buffer): { opcode: number; start: number; length: number } | undefined {
  if (bytes.length < 10) {
    const short = bytes[1];
    if (short === undefined || short > 125) return undefined;
  }
  const opcode = (bytes[0] ?? 0) & 0xf;
  const length = bytes[1] ?? 0;
  if (length < 126) return { opcode, start: 2, length };
  if (length === 126) return { opcode, start: 4, length: bytes.readUInt16BE(2) };
  return { opcode, start: 10, length: bytes.readUIntBE(4, 6) };
}

async function join(at: number, isSlow: boolean): Promise<Socket> {
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.on('close', () => {
    counts.closed += 1;
  });
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${CHANNEL_PROTOCOL}\r\n\r\n`,
  );
  const frames = new Frames((payload, isBinary, atMs) => take(at, isSlow, payload, isBinary, atMs));
  const [first] = (await once(socket, 'data')) as [Buffer];
  if (!first.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(first.toString('latin1').slice(0, 200));
  frames.push(first.subarray(first.indexOf('\r\n\r\n') + 4));
  if (request !== '') socket.write(masked(request));
  if (isSlow) readSlowly(socket, frames);
  else socket.on('data', (bytes: Buffer) => frames.push(bytes));
  return socket;
}

/** With a mask of zeros, which changes nothing. */
function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

function readSlowly(socket: Socket, frames: Frames): void {
  socket.pause();
  setInterval(() => {
    const bytes = socket.read(Math.min(SLOW_BYTES_A_SECOND, socket.readableLength)) as Buffer | null;
    if (bytes) frames.push(bytes);
  }, 1_000);
}

function take(at: number, isSlow: boolean, payload: Buffer, isBinary: boolean, atMs: number): void {
  if (!isBinary) {
    // Each says how many it has been in all.
    const told = /"droppedParts":(\d+)/.exec(payload.toString('latin1'))?.[1];
    if (told) dropped[at] = Number(told);
    return;
  }
  const header = parseFrameHeader(payload);
  if (!isMeasuring || header?.kind !== 'part') return;
  if (isSlow) {
    counts.slowParts += 1;
    return;
  }
  counts.parts += 1;
  const delayMs = atMs - header.clockMs;
  if (at % 10 === 0) eachMs.push(delayMs);
  const name = `${header.rendition} ${header.sequence} ${header.part}`;
  lastMs.set(name, Math.max(lastMs.get(name) ?? 0, delayMs));
}

const open: Socket[] = [];
const slowEvery = Number(slowShare) === 0 ? Number.POSITIVE_INFINITY : Math.round(1 / Number(slowShare));
while (open.length < Number(count)) {
  const more = Math.min(AT_ONCE, Number(count) - open.length);
  const from = open.length;
  open.push(
    ...(await Promise.all(Array.from({ length: more }, (_, at) => join(from + at, (from + at + 1) % slowEvery === 0)))),
  );
}
console.log('joined');
for await (const line of createInterface(process.stdin)) {
  if (line === 'begin') {
    isMeasuring = true;
    lastMs.clear();
    eachMs = [];
    counts = { parts: 0, slowParts: 0, closed: 0 };
    dropped = [];
  }
  if (line === 'end') {
    isMeasuring = false;
    const droppedParts = dropped.reduce((sum, each) => sum + (each ?? 0), 0);
    console.log(JSON.stringify({ lastMs: [...lastMs.values()], eachMs, ...counts, droppedParts } satisfies Measured));
  }
  if (line === 'leave') process.exit(0);
}
