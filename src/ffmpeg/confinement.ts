import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * What ffmpeg and ffprobe are started through, since they read what strangers sent: limits that the kernel keeps, and an
 * end with whoever started them, also when that one is killed. All of it is one chain of programs that each become the
 * next, so the process that was started is the encoder itself.
 */
export interface Bounds {
  /** Address space. An encoder that asks for more is told that there is none. */
  readonly memoryBytes: number;
  /** Largest file that may be written. Sockets have no such limit. */
  readonly fileBytes: number;
}

export interface Launcher {
  readonly program: string;
  /** Come before the confined program and its own arguments. */
  readonly leading: readonly string[];
}

/** Source, libraries, sockets and the decoders' own: some twenty. */
const OPEN_FILES = 64;

/** When the machine runs out of memory, an encoder goes before the server: its chunk is only tried again. */
const OOM_SCORE = 500;

/** Names the process that an encoder belongs to, for whoever looks for orphans. */
const OWNER_VARIABLE = 'FRONTROW_ENCODER_OF';

// SVT-AV1 says all of its settings whatever ffmpeg's own log level; 1 leaves it its errors.
// Limits that cannot be set (a lower one is in force, or the system has none such) do not keep a film from its encoder.
const SCRIPT = `
[ "$PPID" = "$1" ] || exit 1
export ${OWNER_VARIABLE}="$2" SVT_LOG=1
{ echo ${OOM_SCORE} > /proc/self/oom_score_adj; ulimit -c 0; ulimit -n ${OPEN_FILES}; ulimit -v "$3"; ulimit -f "$4"; } 2>/dev/null
shift 4
exec "$@"`;

/** POSIX counts file sizes in blocks of 512 bytes, and shells agree on KiB for memory. */
const BLOCK_BYTES = 512;

/** How a program is started within bounds. Where setpriv is missing it outlives a killed server until `endOrphans`. */
export async function launcher({ memoryBytes, fileBytes }: Bounds): Promise<Launcher> {
  const owner = [String(process.pid), ownName()];
  const limits = [String(Math.floor(memoryBytes / 1_024)), String(Math.ceil(fileBytes / BLOCK_BYTES))];
  const shell = ['sh', '-c', SCRIPT, 'sh', ...owner, ...limits];
  const chain = (await hasParentDeathSignal()) ? ['setpriv', '--pdeathsig', 'KILL', ...shell] : shell;
  const [program = 'sh', ...leading] = chain;
  return { program, leading };
}

let parentDeathSignal: Promise<boolean> | undefined;

/** util-linux has it since 2.33; a busybox of the same name does not know the option. */
function hasParentDeathSignal(): Promise<boolean> {
  parentDeathSignal ??= promisify(execFile)('setpriv', ['--pdeathsig', 'KILL', 'true'], { timeout: 20_000 }).then(
    () => true,
    () => false,
  );
  return parentDeathSignal;
}

/**
 * Ends the encoders of this user whose server is no more. Their work is leased again, and two of them would only take
 * processor time from each other. Returns their process ids; none where there is no /proc to look into.
 */
export async function endOrphans(): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const ended: number[] = [];
  for (const pid of pids) {
    const owner = await ownerOf(pid);
    if (owner !== undefined && !isRunning(owner) && end(pid)) ended.push(pid);
  }
  return ended;
}

/** Other users' processes keep their environment to themselves. */
async function ownerOf(pid: number): Promise<string | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  const given = environment.split('\0').find((each) => each.startsWith(`${OWNER_VARIABLE}=`));
  return given?.slice(OWNER_VARIABLE.length + 1);
}

function end(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // ended by itself since it was looked at
  }
}

function ownName(): string {
  return `${process.pid}:${startOf(process.pid) ?? ''}`;
}

function isRunning(name: string): boolean {
  const [pid = '', start] = name.split(':');
  return startOf(Number(pid)) === start;
}

/** When a process began, in clock ticks since boot: tells it from another that got its number (proc(5), field 22). */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold blanks and brackets itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
