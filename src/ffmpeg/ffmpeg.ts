import { execFile, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import ffmpeg from 'fluent-ffmpeg';
import { Fault, type FaultCode } from '../kernel/errors.ts';
import { type Bounds, type Launcher, launcher } from './confinement.ts';

/**
 * The only door to ffmpeg and ffprobe. fluent-ffmpeg finds the programs, checks what they can do and runs ffmpeg.
 * ffprobe is started here: fluent's own call gives no handle to stop it by and keeps all that it prints.
 */
export interface FfmpegCommand {
  readonly inputOptions: readonly string[];
  /** Path of the one input. */
  readonly input: string;
  /** Absent where streams are taken as they are. */
  readonly filter?: string;
  readonly outputs: readonly FfmpegOutput[];
}

export interface FfmpegOutput {
  readonly options: readonly string[];
  /** File path, or `unix:` and a socket's path. */
  readonly target: string;
}

export interface ProcessLimits extends Bounds {
  readonly niceness: number;
  readonly timeoutSeconds: number;
  /** Width times height of a picture that may be decoded: pictures may grow after the probe has looked. */
  readonly maxPixels: number;
  /** Kills the process. */
  readonly abort: AbortSignal;
}

/** Containers that are accepted: real ones that hold their own media. Playlists, concat scripts and images are not. */
const CONTAINERS =
  'mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,wav,w64,mp3,aac,flac,mxf,aiff,caf,au,amr,ac3,eac3,dv,ivf,gxf,nut,wtv,rm,wv,ape,tta,m4v,h264,hevc';

/** What every reading of an untrusted file starts with: no protocol but the file itself, no container that names others. */
export function guardedInput(container?: string): string[] {
  const guard = ['-protocol_whitelist', 'file', '-format_whitelist', CONTAINERS];
  if (container === undefined) return guard;
  // Off by default; said aloud, since a QuickTime file may point to media outside itself.
  const references = container === 'mov' ? ['-enable_drefs', '0', '-use_absolute_path', '0'] : [];
  return [...guard, '-f', container, ...references];
}

/** The arguments as ffmpeg gets them, in fluent-ffmpeg's order. */
export function commandArguments(command: FfmpegCommand): string[] {
  return prepare(command)._getArguments();
}

/**
 * Runs ffmpeg to its end, and gives back the last lines of what it said.
 * @throws Fault ENCODE_TIMEOUT, ENCODE_MEMORY or ENCODE_OUTPUT for a limit that was passed, STORAGE_FULL where there was
 * no room for a picture, otherwise ENCODE_FAILED with ffmpeg's last words, paths removed, also for an abort.
 */
export async function runFfmpeg(command: FfmpegCommand, limits: ProcessLimits): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const running = confine(prepare(command, limits), await launcher(limits));
  let timedOut = false;
  const kill = () => running.kill('SIGKILL');
  running.on('end', (_stdout: string | null, stderr: string | null) => resolve(stderr ?? ''));
  running.on('error', (cause: Error, _stdout: string | null, stderr: string | null) =>
    reject(failure(command, cause, stderr ?? '', timedOut)),
  );
  // Between run() and the start there is no process yet to kill.
  running.on('start', () => limits.abort.aborted && kill());
  limits.abort.addEventListener('abort', kill, { once: true });
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, limits.timeoutSeconds * 1_000);
  try {
    running.run();
    return await promise;
  } finally {
    clearTimeout(timer);
    limits.abort.removeEventListener('abort', kill);
  }
}

/** What a sample of a film is judged by stands in the last hundred. */
const KEPT_LINES = 200;

/** fluent-ffmpeg's command with the methods that its types leave out. */
type Prepared = ffmpeg.FfmpegCommand & {
  _getArguments(): string[];
  _getFfmpegPath(found: (error: Error | null, program: string) => void): void;
  _spawnFfmpeg(args: readonly unknown[], ...rest: unknown[]): void;
};

function prepare(command: FfmpegCommand, limits?: ProcessLimits): Prepared {
  const prepared = ffmpeg({ stdoutLines: KEPT_LINES, niceness: limits?.niceness ?? 0 }) as Prepared;
  prepared.input(`file:${command.input}`);
  if (limits) prepared.inputOptions('-max_pixels', String(limits.maxPixels));
  addOptions((...options) => prepared.inputOptions(...options), command.inputOptions);
  if (command.filter !== undefined) prepared.complexFilter(command.filter);
  for (const output of command.outputs) {
    prepared.output(output.target);
    addOptions((...options) => prepared.outputOptions(...options), output.options);
  }
  return prepared;
}

/** fluent-ffmpeg knows of no program before ffmpeg but `nice`: it is told of another ffmpeg, which becomes the real one. */
function confine(prepared: Prepared, { program, leading }: Launcher): Prepared {
  const spawn = prepared._spawnFfmpeg;
  prepared._getFfmpegPath = (found) => found(null, program);
  prepared._spawnFfmpeg = (args, ...rest) => spawn.call(prepared, [...leading, ffmpegProgram(), ...args], ...rest);
  return prepared;
}

/** Several arguments are taken as they are; one alone would be split at its blank. */
function addOptions(add: (...options: string[]) => unknown, options: readonly string[]): void {
  add(...options);
}

function failure(command: FfmpegCommand, cause: Error, stderr: string, timedOut: boolean): Fault {
  const said = `${stderr}\n${cause.message}`;
  const limit = timedOut ? 'ENCODE_TIMEOUT' : limitPassed(said);
  const words = lastWords(said, command.input);
  if (limit) return new Fault(limit, { cause, detail: { words } });
  return new Fault('ENCODE_FAILED', { says: `The encoder gave up on this film: ${words}`, cause });
}

/** Which of the kernel's limits a program speaks of at its end; a full disk is one, and nobody's fault. */
function limitPassed(said: string): FaultCode | undefined {
  if (/No space left on device|Disk quota exceeded/.test(said)) return 'STORAGE_FULL';
  if (/Cannot allocate memory|malloc of size \d+ failed|[Oo]ut of memory|bad_alloc/.test(said)) return 'ENCODE_MEMORY';
  return /SIGXFSZ|File too large/.test(said) ? 'ENCODE_OUTPUT' : undefined;
}

/** The end of what a program said, fit for a user: one line, no path of this machine, no addresses of memory. */
export function lastWords(said: string, input: string): string {
  return said
    .replaceAll(`file:${input}`, 'the source')
    .replaceAll(input, 'the source')
    .replaceAll(tmpdir(), '')
    .replace(/(?:unix|file):\S+/g, 'the output')
    .replace(/(^|[\s'"(])\/[^\s'":)]+/g, '$1…')
    .replace(/ @ 0x[0-9a-f]+/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join('; ')
    .slice(-400);
}

/** How long ffprobe may look at a file. Its index is read whole, and a slow disk or a huge file makes that long. */
const PROBE_TIMEOUT_MS = 30_000;
const PROBE_MAX_BYTES = 64 * 1024 * 1024;

/** Its index is what a film costs in memory here, and one picture of each stream; ffprobe writes no file. */
const PROBE_BOUNDS: Bounds = { memoryBytes: 4 * 1024 ** 3, fileBytes: 0 };

/** What ffprobe said: its JSON, or nothing but the text of its complaints, which may come with JSON too. */
export type Probed =
  | { readonly read: true; readonly json: unknown; readonly says: string }
  | { readonly read: false; readonly says: string; readonly timedOut: boolean };

/**
 * Runs ffprobe over a file with `options` before it.
 * @throws Fault UNAVAILABLE when ffprobe cannot be started, ENCODE_MEMORY when the file asks for more than it may have.
 */
export async function runFfprobe(
  input: string,
  container: string | undefined,
  options: readonly string[],
  abort: AbortSignal,
): Promise<Probed> {
  const all = ['-v', 'error', ...guardedInput(container), ...options, '-of', 'json', `file:${input}`];
  const { program, leading } = await launcher(PROBE_BOUNDS);
  try {
    const { stdout, stderr } = await promisify(execFile)(program, [...leading, ffprobeProgram(), ...all], {
      timeout: PROBE_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: PROBE_MAX_BYTES,
      signal: abort,
    });
    return { read: true, json: JSON.parse(stdout) as unknown, says: stderr };
  } catch (cause) {
    const failed = cause as { code?: unknown; killed?: boolean; stderr?: string };
    const missing = failed.code === 'ENOENT' || failed.code === NO_SUCH_PROGRAM;
    if (missing || abort.aborted) throw new Fault('UNAVAILABLE', { cause });
    const says = failed.stderr ?? '';
    const limit = limitPassed(says);
    if (limit) throw new Fault(limit, { cause, detail: { words: lastWords(says, input) } });
    return { read: false, says, timedOut: failed.killed === true };
  }
}

/** How long all packets of a film may take to be passed by: a disk's pace for what a day of it weighs. */
const PACKETS_TIMEOUT_MS = 600_000;

/** Kept of what ffprobe complains about. */
const COMPLAINT_BYTES = 16_384;

/**
 * Runs ffprobe over a file with `options` before it, and hands over each line of its output (CSV without names) as it comes:
 * a film of a day has millions. Gives back whether it came to its end.
 * @throws Fault UNAVAILABLE when ffprobe cannot be started, ENCODE_MEMORY when the file asks for more than it may have.
 */
export async function readFfprobe(
  input: string,
  container: string,
  options: readonly string[],
  abort: AbortSignal,
  onLine: (line: string) => void,
): Promise<boolean> {
  const all = ['-v', 'error', ...guardedInput(container), ...options, '-of', 'csv=p=0', `file:${input}`];
  const { program, leading } = await launcher(PROBE_BOUNDS);
  const child = spawn(program, [...leading, ffprobeProgram(), ...all], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PACKETS_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    signal: abort,
  });
  let says = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    says = (says + text).slice(-COMPLAINT_BYTES);
  });
  const ended = Promise.withResolvers<number | null>();
  child.once('error', ended.reject).once('close', ended.resolve);
  // Nobody waits for it before the lines are read.
  ended.promise.catch(() => {});
  for await (const line of createInterface({ input: child.stdout })) onLine(line);
  const code = await ended.promise.catch((cause: unknown) => {
    throw new Fault('UNAVAILABLE', { cause });
  });
  if (code === NO_SUCH_PROGRAM) throw new Fault('UNAVAILABLE', { detail: { words: says } });
  const limit = limitPassed(says);
  if (limit) throw new Fault(limit, { detail: { words: lastWords(says, input) } });
  return code === 0;
}

/** A shell's word for a command that it did not find (POSIX, exit status of a command). */
const NO_SUCH_PROGRAM = 127;

export function ffmpegProgram(): string {
  return process.env.FFMPEG_PATH ?? 'ffmpeg';
}

export function ffprobeProgram(): string {
  return process.env.FFPROBE_PATH ?? 'ffprobe';
}

const OLDEST = [5, 1] as const;

/**
 * Checks that ffmpeg and ffprobe are there, new enough and have these encoders, and lets fluent-ffmpeg ask ffmpeg for its abilities now, so
 * that the first film does not wait for it.
 * @throws Fault FFMPEG_MISSING with a sentence that says what to do.
 */
export async function checkFfmpeg(encoders: readonly string[] = []): Promise<void> {
  // Side by side: a server's start waits for these, and each takes a tenth of a second.
  const abilities = Promise.allSettled([
    promisify(ffmpeg.getAvailableEncoders)(),
    promisify(ffmpeg.getAvailableFormats)(),
  ]);
  await Promise.all([checkVersion(ffmpegProgram()), checkVersion(ffprobeProgram())]);
  const [asked] = await abilities;
  if (asked.status === 'rejected') throw asked.reason;
  const available = asked.value;
  const missing = encoders.filter((name) => !Object.hasOwn(available, name));
  if (missing.length === 0) return;
  const says = `This ffmpeg has no ${missing.join(' and no ')}, which the encoding ladder asks for.`;
  throw new Fault('FFMPEG_MISSING', { says });
}

async function checkVersion(program: string): Promise<void> {
  const name = program.split('/').at(-1);
  let said = '';
  try {
    said = (await promisify(execFile)(program, ['-version'], { timeout: 20_000 })).stdout;
  } catch (cause) {
    throw new Fault('FFMPEG_MISSING', { says: `${name} could not be started: install ffmpeg 5.1 or newer.`, cause });
  }
  const version = /version n?(\d+)\.(\d+)/.exec(said);
  // A build from the development branch carries no number, and is newer than any release that matters.
  if (!version) return;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new Fault('FFMPEG_MISSING', { says: `${name} is version ${major}.${minor}: install 5.1 or newer.` });
}
