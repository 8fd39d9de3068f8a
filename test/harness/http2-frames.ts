import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

/** HTTP/2 frame by frame, for what no honest client sends. RFC 9113 section 6. */
export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, continuation: 9 } as const;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const END_STREAM = 1;
const END_HEADERS = 4;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export function writeFrame(type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Header fields as literals without indexing, which need no table. RFC 7541 section 6.2.2. */
export function writeFields(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const rest = bytes.length - 127;
  return Buffer.concat([Buffer.from([127, (rest & 0x7f) | 0x80, rest >> 7]), bytes]);
}

export class RawHttp2 {
  readonly socket: TLSSocket;
  readonly frames: Frame[] = [];
  /** Resolves when the connection is gone, however it went. */
  readonly closed: Promise<void>;
  #pending = Buffer.alloc(0);

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve()));
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  async start(): Promise<this> {
    await once(this.socket, 'secureConnect');
    this.socket.write(PREFACE);
    this.socket.write(writeFrame(FRAME.settings, 0, 0));
    return this;
  }

  /** Resolves when the connection takes more, or is gone. */
  async send(...frames: readonly Buffer[]): Promise<void> {
    if (this.socket.write(Buffer.concat(frames))) return;
    await Promise.race([this.closed, new Promise((resolve) => this.socket.once('drain', resolve))]);
  }

  /** A request of its own making, without a body. */
  request(streamId: number, fields: readonly (readonly [string, string])[], endStream = true): Buffer {
    return writeFrame(FRAME.headers, END_HEADERS | (endStream ? END_STREAM : 0), streamId, writeFields(fields));
  }

  /** Resolves with the first frame that has come or comes and is like that, or undefined when the connection ends. */
  async until(isLike: (frame: Frame) => boolean): Promise<Frame | undefined> {
    for (;;) {
      const found = this.frames.find(isLike);
      if (found || this.socket.destroyed) return found;
      await Promise.race([this.closed, new Promise((resolve) => this.socket.once('data', resolve))]);
    }
  }

  #take(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 9) {
      const size = this.#pending.readUIntBE(0, 3);
      if (this.#pending.length < 9 + size) return;
      this.frames.push({
        type: this.#pending.readUInt8(3),
        flags: this.#pending.readUInt8(4),
        streamId: this.#pending.readUInt32BE(5) & 0x7fff_ffff,
        payload: Buffer.from(this.#pending.subarray(9, 9 + size)),
      });
      this.#pending = this.#pending.subarray(9 + size);
    }
  }
}
