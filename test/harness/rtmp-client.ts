import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type AmfAnswer, writeAmf } from '../../src/kernel/rtmp/amf.ts';
import { OUR_CHUNK_BYTES, TYPE, writeMessage } from '../../src/kernel/rtmp/message.ts';
import type { FlashTag } from './flash-tags.ts';

const HANDSHAKE_BYTES = 1 + 2 * 1_536;
const CHUNK_HEADER_BYTES = 12;
/** A chunk that goes on with the message before it. */
const CONTINUED = Buffer.of(0xc2);

/** RTMP by hand, for what no encoder does. */
export class RtmpClient {
  readonly socket: Socket;
  /** Resolves when the server has hung up. */
  readonly closed: Promise<void>;
  #received: Buffer = Buffer.alloc(0);

  /** By a connection of the caller's, such as one inside TLS, or of its own; `from` is its address then. */
  constructor(to: number | Socket, from = '127.0.0.1') {
    this.socket = typeof to === 'number' ? connect({ port: to, host: '127.0.0.1', localAddress: from }) : to;
    this.socket.on('error', () => {}); // being reset is one way of being hung up on
    this.socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** Everything the server has sent, as text. */
  get said(): string {
    return this.#received.toString('latin1');
  }

  async shake(): Promise<void> {
    this.socket.write(Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1_536)]));
    while (this.#received.length < HANDSHAKE_BYTES) await once(this.socket, 'data');
  }

  command(...values: readonly AmfAnswer[]): void {
    this.socket.write(writeMessage({ type: TYPE.command, streamId: 1, payload: writeAmf(values) }));
  }

  async connect(): Promise<void> {
    await this.shake();
    const size = Buffer.alloc(4);
    size.writeUInt32BE(OUR_CHUNK_BYTES);
    this.socket.write(writeMessage({ type: TYPE.setChunkSize, streamId: 0, payload: size }));
    this.command('connect', 1, { app: 'live' });
  }

  publish(streamKey: string): void {
    this.command('createStream', 2, null);
    this.command('publish', 3, null, streamKey, 'live');
  }

  send(type: number, payload: readonly number[]): void {
    this.socket.write(writeMessage({ type, streamId: 1, payload: Uint8Array.from(payload) }));
  }
  /** A message of any length, at a time of the encoder's. */
  sendTag({ type, timestampMs, body }: FlashTag): void {
    const whole = Buffer.from(writeMessage({ type, streamId: 1, payload: body }));
    whole.writeUIntBE(timestampMs, 1, 3);
    const first = CHUNK_HEADER_BYTES + OUR_CHUNK_BYTES;
    this.socket.write(whole.subarray(0, first));
    for (let at = first; at < whole.length; at += OUR_CHUNK_BYTES) {
      this.socket.write(Buffer.concat([CONTINUED, whole.subarray(at, at + OUR_CHUNK_BYTES)]));
    }
  }
}
