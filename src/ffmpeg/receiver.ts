import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { launcher } from './confinement.ts';
import { ffmpegProgram } from './ffmpeg.ts';
import { hasPipes } from './streaming.ts';

/** ffmpeg as the receiving end of one publisher's protocol, who is let through to it by a door. */
export interface Receiver {
  /** Ends with the process. */
  readonly bytes: Readable;
  /** Resolves when the process is over. */
  readonly ended: Promise<void>;
  kill(): void;
}

/** libsrt's threads and buffers; files it writes none. */
const BOUNDS = { memoryBytes: 2 * 1024 ** 3, fileBytes: 0 };

/** Waits on a port of the loopback interface for one SRT caller; hands on the payload as it was sent, without a look at it. */
export function receiveSrt(port: number): Promise<Receiver> {
  const input = ['-protocol_whitelist', 'srt', '-fflags', 'nobuffer', '-f', 'data'];
  const url = `srt://127.0.0.1:${port}?mode=listener&transtype=live`;
  return start([...input, '-i', url, '-map', '0', '-c', 'copy', '-flush_packets', '1', '-f', 'data', 'pipe:1']);
}

/** Takes RTP as the session description says, and hands it on as Matroska in short clusters. */
export function receiveRtp(description: string): Promise<Receiver> {
  const input = ['-protocol_whitelist', 'pipe,udp,rtp', '-fflags', 'nobuffer', '-analyzeduration', '5000000'];
  const rtp = ['-reorder_queue_size', '100', '-max_delay', '100000', '-f', 'sdp', '-i', 'pipe:0'];
  // Matroska's muxer keeps a cluster back until it is over.
  const output = ['-flush_packets', '1', '-cluster_time_limit', '20', '-f', 'matroska', 'pipe:1'];
  return start([...input, ...rtp, '-map', '0', '-c', 'copy', ...output], description);
}

async function start(args: readonly string[], input?: string): Promise<Receiver> {
  const { program, leading } = await launcher(BOUNDS);
  const all = [...leading, ffmpegProgram(), '-v', 'quiet', '-nostdin', ...args];
  const child = spawn(program, all, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = endOf(child);
  if (!hasPipes(child)) throw new Error('a receiver could not be started');
  child.stdin.on('error', () => {}); // over before it has read
  child.stdin.end(input);
  return { bytes: child.stdout, ended, kill: () => child.kill('SIGKILL') };
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
}
