import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { Fault, type FaultCode } from '../../src/kernel/errors.ts';
import type { Caller, Desk, Place, Publisher } from '../../src/live/seams.ts';

export const STREAM_KEY = 'sk_testtesttesttest';

/** A desk that knows one key, and keeps who was let in. */
export class TestDesk implements Desk {
  readonly callers: Caller[] = [];
  readonly publishers: Publisher[] = [];
  left = 0;
  /** What the next callers are told in place of being let in. */
  refusal: FaultCode | undefined;
  /** Held until it resolves. */
  gate: Promise<void> = Promise.resolve();
  #waiting: { count: number; resolve: () => void }[] = [];

  async admit(caller: Caller): Promise<Place> {
    this.callers.push(caller);
    await this.gate;
    if (this.refusal) throw new Fault(this.refusal);
    if (caller.streamKey !== STREAM_KEY) throw new Fault('STREAM_KEY_REFUSED');
    return {
      streamId: 'ls_aaaabbbbccccdddd',
      take: (publisher) => this.#take(publisher),
      leave: () => {
        this.left += 1;
      },
    };
  }

  /** The publisher with this number, from 0, when it is there. */
  async publisher(index = 0): Promise<Publisher> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count: index + 1, resolve });
    this.#wake();
    await promise;
    return this.publishers[index] as Publisher;
  }

  #take(publisher: Publisher): void {
    this.publishers.push(publisher);
    this.#wake();
  }

  #wake(): void {
    for (const { count, resolve } of this.#waiting) if (this.publishers.length >= count) resolve();
  }
}

export interface Encoder {
  readonly process: ChildProcess;
  /** Resolves when it has ended, with what it complained of. */
  readonly said: Promise<string>;
}

/** An encoder of a moving test picture with a tone, in real time; `output` says where to and how. */
export function startEncoder(seconds: number, output: readonly string[], pace: readonly string[] = ['-re']): Encoder {
  const picture = [...pace, '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=30:duration=${seconds}`];
  const sound = [...pace, '-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`];
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-pix_fmt', 'yuv420p'];
  const args = ['-v', 'error', ...picture, ...sound, ...encode, '-c:a', 'aac', ...output];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  return { process: child, said: endOf(child) };
}

async function endOf(child: ChildProcess): Promise<string> {
  const said: Buffer[] = [];
  child.stderr?.on('data', (bytes: Buffer) => said.push(bytes));
  await once(child, 'close');
  return Buffer.concat(said).toString();
}

export interface Probed {
  readonly codecs: readonly string[];
  /** Decoded pictures and sound of this stream, without an error. */
  readonly frames: number;
  readonly seconds: number;
}

/** What a player would make of a publisher's bytes. */
export async function probe(bytes: Uint8Array, container: string): Promise<Probed> {
  const shown = ['-show_entries', 'stream=codec_name,codec_type,nb_read_frames', '-show_entries', 'frame=pts_time'];
  const report = JSON.parse(
    await withInput('ffprobe', ['-v', 'error', '-f', container, '-count_frames', ...shown, '-of', 'json', '-'], bytes),
  );
  const streams: { codec_name: string; codec_type: string; nb_read_frames: string }[] = report.streams;
  const times: number[] = report.frames.map((frame: { pts_time: string }) => Number(frame.pts_time));
  return {
    codecs: streams.map((stream) => stream.codec_name).sort(),
    frames: Number(streams.find((stream) => stream.codec_type === 'video')?.nb_read_frames ?? 0),
    seconds: Math.max(...times) - Math.min(...times),
  };
}

function withInput(command: string, args: readonly string[], input: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error || stderr !== '') reject(new Error(`${command}: ${stderr}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => {}); // it need not read to the end
    child.stdin?.end(input);
  });
}

export async function allBytes(publisher: Publisher): Promise<Uint8Array> {
  return new Uint8Array(await buffer(publisher.bytes));
}
