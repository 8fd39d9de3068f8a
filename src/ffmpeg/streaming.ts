import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { type Bounds, launcher } from './confinement.ts';
import { ffmpegProgram, ffprobeProgram, lastWords } from './ffmpeg.ts';

/**
 * Programs that read what is only just arriving, over pipes: fluent-ffmpeg gives a process no more of them than the
 * standard three.
 */
export interface StreamingFfmpeg {
  readonly pid: number | undefined;
  /** Never errors: what is written after its end is lost. */
  readonly input: Writable;
  /** `pipe:3` and those behind it. */
  readonly outputs: readonly Readable[];
  /** Its last words, when it is over; whatever became of it. */
  readonly ended: Promise<string>;
  kill(): void;
}

/** Containers that doors hand over; a stream names no others. */
export type StreamContainer = 'flv' | 'mpegts' | 'matroska';

/** What every reading of a stream starts with. */
export function guardedStream(container: StreamContainer): string[] {
  return ['-protocol_whitelist', 'pipe', '-format_whitelist', container, '-f', container];
}

/** The name of output `index` in the arguments. */
export function pipeName(index: number): string {
  return `pipe:${FIRST_PIPE + index}`;
}

const FIRST_PIPE = 3;

/** Kept of what it says: a stream of garbage is complained of without end. */
const SAID_CHARS = 8_192;

/** Starts ffmpeg with so many outputs besides the standard ones. */
export async function streamFfmpeg(args: readonly string[], outputs: number, bounds: Bounds): Promise<StreamingFfmpeg> {
  const { program, leading } = await launcher(bounds);
  const pipes = Array.from({ length: outputs }, () => 'pipe' as const);
  const all = [...leading, ffmpegProgram(), '-nostdin', '-hide_banner', '-loglevel', 'warning', ...args];
  const child = spawn(program, all, { stdio: ['pipe', 'ignore', 'pipe', ...pipes] });
  const ended = lastWordsOf(child);
  if (!hasPipes(child)) throw new Error(await ended);
  const readables = child.stdio.slice(FIRST_PIPE) as Readable[];
  for (const each of [...readables, child.stdin]) each?.on('error', () => {});
  return {
    pid: child.pid,
    input: child.stdin as Writable,
    outputs: readables,
    ended,
    kill: () => child.kill('SIGKILL'),
  };
}

/** Starts ffprobe on a stream; resolves with its JSON, or undefined when it makes nothing of it. */
export async function streamFfprobe(
  container: StreamContainer,
  options: readonly string[],
  bounds: Bounds,
): Promise<{ readonly input: Writable; readonly found: Promise<unknown>; kill(): void }> {
  const { program, leading } = await launcher(bounds);
  const all = ['-v', 'error', ...guardedStream(container), ...options, '-show_streams', '-of', 'json', 'pipe:0'];
  const child = spawn(program, [...leading, ffprobeProgram(), ...all], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = lastWordsOf(child);
  if (!hasPipes(child)) throw new Error(await ended);
  child.stdin.on('error', () => {});
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (printed.length < MOST_PRINTED_CHARS) printed += text;
  });
  const found = ended.then(() => readJson(printed));
  return { input: child.stdin, found, kill: () => child.kill('SIGKILL') };
}

/** At the limit of open files nothing is started: there are no pipes, and the reason follows as an event. */
export function hasPipes({ stdin }: { readonly stdin?: unknown }): boolean {
  return stdin !== undefined;
}

const MOST_PRINTED_CHARS = 1024 * 1024;

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function lastWordsOf(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARS);
  });
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once('error', ({ message }) => resolve(lastWords(message, '\0')));
  child.once('close', () => resolve(lastWords(said, '\0')));
  return promise;
}
