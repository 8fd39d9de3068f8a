import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect } from 'vitest';
import { HANDSHAKE, readHandshake, saidAgain } from '../../src/kernel/srt/handshake.ts';

const PATIENCE = { timeout: 60_000 };

/** SRT by hand, for what no encoder does. */
export class SrtCaller {
  readonly socket: Socket;
  readonly heard: Buffer[] = [];
  readonly #connected: Promise<unknown>;

  /** `from` is its own address. */
  constructor(port: number, from = '127.0.0.1') {
    this.socket = createSocket('udp4');
    this.socket.on('message', (packet) => this.heard.push(packet));
    this.socket.on('error', () => {}); // nobody listens there any more
    this.#connected = once(this.socket, 'connect');
    this.socket.bind(0, from, () => this.socket.connect(port, '127.0.0.1'));
  }

  async send(packet: Uint8Array): Promise<void> {
    await this.#connected;
    this.socket.send(packet);
  }

  /** The answer to it. */
  async ask(packet: Uint8Array): Promise<Buffer> {
    const before = this.heard.length;
    await this.send(packet);
    await expect.poll(() => this.heard.length, PATIENCE).toBeGreaterThan(before);
    return this.heard.at(-1) as Buffer;
  }

  async induce(): Promise<number> {
    return readHandshake(await this.ask(handshake(4, HANDSHAKE.induction)))?.cookie ?? 0;
  }

  /** The type of the answer to a conclusion with this stream id: a refusal's is its reason and a thousand. */
  async conclude(streamId: string): Promise<number | undefined> {
    const conclusion = withCookie(handshake(5, HANDSHAKE.conclusion, streamId), await this.induce());
    return readHandshake(await this.ask(conclusion))?.type;
  }
}

export function withCookie(packet: Uint8Array, cookie: number): Uint8Array {
  return saidAgain(packet, cookie, 0);
}

export function handshake(version: number, type: number, streamId = ''): Buffer {
  const head = Buffer.alloc(64);
  head.writeUInt16BE(0x8000);
  head.writeUInt32BE(version, 16);
  head.writeUInt32BE(1_500, 28);
  head.writeUInt32BE(8_192, 32);
  head.writeUInt32BE(type, 36);
  head.writeUInt32BE(4_711, 40);
  const padded = Buffer.alloc(Math.ceil(streamId.length / 4) * 4);
  padded.write(streamId);
  const extension = Buffer.concat([Buffer.of(0, 5, 0, padded.length / 4), padded.swap32()]);
  return Buffer.concat([head, streamId === '' ? Buffer.alloc(0) : extension]);
}
