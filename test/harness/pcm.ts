import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Decoded sound: one array of samples from -1 to 1 a channel. */
export interface Pcm {
  readonly rate: number;
  readonly channels: readonly Float32Array[];
}

/** Decodes the one sound of a file by ffmpeg, channels as they are. */
export async function decodeSound(file: string, channelCount: number, rate = 48_000): Promise<Pcm> {
  const options = ['-v', 'error', '-i', file, '-map', '0:a:0', '-ar', String(rate), '-f', 'f32le', '-'];
  const { stdout } = await promisify(execFile)('ffmpeg', options, { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 });
  const frames = Math.floor(stdout.length / 4 / channelCount);
  const channels = Array.from({ length: channelCount }, () => new Float32Array(frames));
  for (let frame = 0; frame < frames; frame += 1) {
    for (const [at, channel] of channels.entries()) {
      channel[frame] = stdout.readFloatLE(4 * (frame * channelCount + at));
    }
  }
  return { rate, channels };
}

/** Root mean square of one channel between two times, in seconds. */
export function loudness(pcm: Pcm, channel: number, from: number, to: number): number {
  const samples = pcm.channels[channel]?.subarray(Math.round(from * pcm.rate), Math.round(to * pcm.rate)) ?? [];
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

/** The first time, in seconds, at which a channel is louder than `level`; undefined when it never is. */
export function onset(pcm: Pcm, channel: number, level: number): number | undefined {
  const at = pcm.channels[channel]?.findIndex((sample) => Math.abs(sample) > level) ?? -1;
  return at < 0 ? undefined : at / pcm.rate;
}
