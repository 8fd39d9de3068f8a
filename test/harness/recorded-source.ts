import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Some seconds of what an encoder may send. */
export interface Recorded {
  /** By lavfi: a picture of some size. */
  readonly picture: string;
  readonly sampleRate?: number;
  readonly channels?: number;
  /** Of its tone. */
  readonly hertz?: number;
  readonly seconds: number;
  /** Pictures that one may lean on, which its set-up tells. */
  readonly references?: number;
}

/** Each of them in a file of its own, with times that go on from one to the next, as one encoder's would that is set up anew. */
export async function record(parts: readonly Recorded[], container: 'flv' | 'mpegts'): Promise<Buffer[]> {
  const files: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    files.push(await recordOne(part, container, offset));
    offset += part.seconds;
  }
  return files;
}

async function recordOne(part: Recorded, container: string, offset: number): Promise<Buffer> {
  const { picture, sampleRate = 44_100, channels = 1, hertz = 440, seconds, references = 1 } = part;
  // biome-ignore format: options read in pairs
  const args = [
    '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', `sine=frequency=${hertz}:sample_rate=${sampleRate}`,
    '-t', String(seconds), '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '60', '-sc_threshold', '0',
    '-pix_fmt', 'yuv420p', '-b:v', '500k', '-maxrate', '500k', '-bufsize', '250k', '-refs', String(references), '-c:a', 'aac', '-ac', String(channels),
    '-output_ts_offset', String(offset), '-f', container, 'pipe:1',
  ];
  const { stdout } = await promisify(execFile)('ffmpeg', args, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
