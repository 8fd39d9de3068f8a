import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BrowserSays, DoorSays } from '../../src/kernel/live/browser-ingest.ts';

const run = promisify(execFile);

/** A browser at the WebSocket door, without the browser. */
export class IngestClient {
  readonly socket: WebSocket;
  readonly said: DoorSays[] = [];
  /** Resolves with the close code, when the connection is over. */
  readonly closed: Promise<number>;
  readonly #open: Promise<void>;
  #heard = Promise.withResolvers<void>();

  constructor(port: number, headers: Readonly<Record<string, string>> = {}) {
    // Node's own WebSocket takes header fields, which a browser's does not.
    const options = { headers } as unknown as string[];
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/live/ingest`, options);
    this.socket.binaryType = 'arraybuffer';
    this.#open = new Promise((resolve) => this.socket.addEventListener('open', () => resolve()));
    this.closed = new Promise((resolve) => this.socket.addEventListener('close', ({ code }) => resolve(code)));
    this.socket.addEventListener('message', ({ data }) => {
      this.said.push(JSON.parse(String(data)));
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    });
  }

  async say(message: BrowserSays | Record<string, unknown>): Promise<void> {
    await this.#open;
    this.socket.send(JSON.stringify(message));
  }

  /** What the door said first. */
  async answer(): Promise<DoorSays | undefined> {
    if (this.said.length === 0) await Promise.race([this.#heard.promise, this.closed]);
    return this.said[0];
  }

  async publish(streamKey: string, mimeType = 'video/webm;codecs=vp8,opus'): Promise<DoorSays | undefined> {
    await this.say({ type: 'publish', streamKey, mimeType });
    return this.answer();
  }
}

/** What a MediaRecorder would hand out of a test picture with a tone. */
export async function recordedWebm(seconds: number): Promise<Uint8Array<ArrayBuffer>> {
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=30:duration=${seconds}`];
  const sound = ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`];
  const encode = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-c:a', 'libopus'];
  const args = ['-v', 'error', ...picture, ...sound, ...encode, '-live', '1', '-f', 'webm', '-'];
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
  return new Uint8Array(stdout);
}
