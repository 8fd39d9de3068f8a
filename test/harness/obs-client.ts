import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type AmfValue, readAmf, writeAmf } from '../../src/kernel/rtmp/amf.ts';
import { ChunkReader } from '../../src/kernel/rtmp/chunks.ts';
import { type RtmpMessage, TYPE } from '../../src/kernel/rtmp/message.ts';
import type { FlashTag } from './flash-tags.ts';

const CHUNK_BYTES = 4_096;
const PART_BYTES = 1_536;
const CONTROL = 2;
const COMMANDS = 3;
/** librtmp has sound, pictures and what is said of them on one chunk stream. */
const MEDIA = 4;
const ENDS = ['NetStream.Publish.BadName', 'NetStream.Publish.Start'];

interface Sent {
  readonly timestampMs: number;
  readonly type: number;
  readonly size: number;
}

/**
 * What OBS sends, message by message and header by header: the dialogue of the librtmp that it has in `plugins/obs-outputs`,
 * where each message says no more of its header than has changed.
 */
export class ObsClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  readonly #address: string;
  readonly #reader = new ChunkReader();
  readonly #before = new Map<number, Sent>();
  readonly #heard: AmfValue[][] = [];
  #shaken: Buffer = Buffer.alloc(0);
  #isShaken = false;
  #transaction = 0;
  #streamKey = '';

  /** `address` is what stands under Server, `rtmp://host:port/live`. */
  constructor(address: string) {
    const { port, hostname } = new URL(address);
    this.#address = address;
    this.socket = connect(Number(port), hostname);
    this.socket.on('error', () => {}); // 'close' follows
    this.socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** *Start Streaming*; resolves with the status that the server told last. */
  async start(streamKey: string): Promise<{ readonly code: string; readonly description: string }> {
    this.#streamKey = streamKey;
    await this.#shake();
    this.#chunkSize();
    this.#send(COMMANDS, 0, TYPE.command, 0, this.#connectBody());
    await this.#answer('_result', 1);
    this.#command('releaseStream', streamKey);
    this.#command('FCPublish', streamKey);
    this.#command('createStream');
    const [, , , streamId] = await this.#answer('_result', 4);
    const publish = writeAmf(['publish', this.#next(), null, streamKey, 'live']);
    this.#send(MEDIA, 0, TYPE.command, Number(streamId), publish, true);
    return this.status();
  }

  /** Waits for the server to say how publishing goes. */
  async status(): Promise<{ readonly code: string; readonly description: string }> {
    const isStatus = (info: AmfValue) => info instanceof Map && ENDS.includes(String(info.get('code')));
    const [, , , info] = await this.#until(([name, , , value]) => name === 'onStatus' && isStatus(value));
    const fields = info as ReadonlyMap<string, AmfValue>;
    return { code: String(fields.get('code')), description: String(fields.get('description')) };
  }

  /** Sends a file's tags at their own pace, the script tag as `@setDataFrame`. */
  async send(tags: readonly FlashTag[]): Promise<void> {
    const began = performance.now();
    for (const { type, timestampMs, body } of tags) {
      await pause(Math.max(0, timestampMs - (performance.now() - began)));
      const isData = type === TYPE.data;
      const whole = isData ? Buffer.concat([writeAmf(['@setDataFrame']), body]) : body;
      this.#send(MEDIA, timestampMs, type, 1, whole, isData || timestampMs === 0);
    }
  }

  /** *Stop Streaming*. */
  stop(): void {
    this.#command('FCUnpublish', this.#streamKey);
    this.#send(COMMANDS, 0, TYPE.command, 0, writeAmf(['deleteStream', this.#next(), null, 1]));
    this.socket.end();
  }

  async #shake(): Promise<void> {
    // With the version of Flash and a digest among random bytes, which a plain server need not look at.
    const ours = Buffer.concat([Buffer.alloc(4), Buffer.of(10, 0, 45, 2), randomBytes(PART_BYTES - 8)]);
    this.socket.write(Buffer.concat([Buffer.of(3), ours]));
    while (!this.#isShaken) await once(this.socket, 'data');
    const theirs = this.#shaken.subarray(1, 1 + PART_BYTES);
    if (theirs[4] !== 0) throw new Error('a server of this version is asked for its digest');
    if (!this.#shaken.subarray(1 + PART_BYTES).equals(ours)) throw new Error('the echo is another');
    this.socket.write(theirs);
  }

  #chunkSize(): void {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(CHUNK_BYTES);
    this.#send(CONTROL, 0, TYPE.setChunkSize, 0, size, true);
  }

  #connectBody(): Buffer {
    const fields = {
      app: 'live',
      type: 'nonprivate',
      flashVer: 'FMLE/3.0 (compatible; FMSc/1.0)',
      swfUrl: this.#address,
      tcUrl: this.#address,
    };
    const body = writeAmf(['connect', this.#next(), fields]);
    // What it would send beyond H.264, before the object's end: OBS does since it knows Enhanced RTMP.
    const name = Buffer.from('fourCcList');
    const list = ['av01', 'vp09', 'hvc1'].map((each) => writeAmf([each]));
    const array = Buffer.concat([Buffer.of(0, name.length), name, Buffer.of(10, 0, 0, 0, list.length), ...list]);
    return Buffer.concat([body.subarray(0, -3), array, body.subarray(-3)]);
  }

  #command(name: string, ...values: readonly string[]): void {
    this.#send(COMMANDS, 0, TYPE.command, 0, writeAmf([name, this.#next(), null, ...values]));
  }

  #next(): number {
    this.#transaction += 1;
    return this.#transaction;
  }

  /** `RTMP_SendPacket`: a full header where it must be, and otherwise what has changed since the message before. */
  #send(channel: number, timestampMs: number, type: number, streamId: number, body: Uint8Array, isFull = false): void {
    const before = this.#before.get(channel);
    const isSame = before !== undefined && before.size === body.length && before.type === type;
    const stepMs = timestampMs - (before?.timestampMs ?? 0);
    const format = isFull || !before ? 0 : !isSame ? 1 : stepMs === 0 ? 3 : 2;
    const head = Buffer.alloc([12, 8, 4, 1][format] ?? 1);
    head.writeUInt8((format << 6) | channel);
    if (format < 3) head.writeUIntBE(format === 0 ? timestampMs : stepMs, 1, 3);
    if (format < 2) head.writeUIntBE(body.length, 4, 3);
    if (format < 2) head.writeUInt8(type, 7);
    if (format === 0) head.writeUInt32LE(streamId, 8);
    this.#before.set(channel, { timestampMs, type, size: body.length });
    const chunks: Uint8Array[] = [head, body.subarray(0, CHUNK_BYTES)];
    for (let at = CHUNK_BYTES; at < body.length; at += CHUNK_BYTES) {
      chunks.push(Buffer.of(0xc0 | channel), body.subarray(at, at + CHUNK_BYTES));
    }
    this.socket.write(Buffer.concat(chunks));
  }

  #receive(bytes: Buffer): void {
    if (this.#isShaken) {
      this.#hear(bytes);
      return;
    }
    this.#shaken = Buffer.concat([this.#shaken, bytes]);
    const whole = 1 + 2 * PART_BYTES;
    if (this.#shaken.length < whole) return;
    this.#isShaken = true;
    const rest = this.#shaken.subarray(whole);
    this.#shaken = this.#shaken.subarray(0, whole);
    this.#hear(rest);
  }

  #hear(bytes: Uint8Array): void {
    for (const message of this.#reader.push(bytes)) this.#take(message);
  }

  #take({ type, payload }: RtmpMessage): void {
    if (type === TYPE.command) this.#heard.push(readAmf(payload));
  }

  #answer(name: string, transaction: number): Promise<AmfValue[]> {
    return this.#until(([said, number]) => said === name && number === transaction);
  }

  /** The next command of which this is true; each is heard once. */
  async #until(isWanted: (command: AmfValue[]) => boolean): Promise<AmfValue[]> {
    for (;;) {
      const at = this.#heard.findIndex(isWanted);
      if (at >= 0) return this.#heard.splice(at, 1)[0] ?? [];
      if (this.socket.readableEnded || this.socket.destroyed) throw new Error('the server hung up without a word');
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'end'), this.closed]);
    }
  }
}
