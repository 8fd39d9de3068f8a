import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { findPostgres } from '../../src/setup/programs.js';

const PASSWORD = 'frontrow-test-password';

/** Who the server runs as: PostgreSQL refuses to be root's. */
interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

export interface PostgresTestOptions {
  /** Whether a commit survives a power cut; without it a crash of the machine, and nothing else, could lose one. */
  readonly durable?: boolean;
}

/** A real PostgreSQL in a fresh folder, reached by a socket in it, so that no port can be anybody else's. */
export class PostgresServer {
  readonly #folder: string;
  readonly #programs: string;
  readonly #owner: Owner;
  readonly #durable: boolean;
  #process: ChildProcess | undefined;
  #count = 0;

  private constructor(folder: string, programs: string, owner: Owner, durable: boolean) {
    this.#folder = folder;
    this.#programs = programs;
    this.#owner = owner;
    this.#durable = durable;
    process.once('exit', this.#leave);
  }

  static async start({ durable = false }: PostgresTestOptions = {}): Promise<PostgresServer> {
    const programs = findPostgres();
    if (!programs) throw new Error('PostgreSQL is not installed; npm test does so, or says how');
    const owner = ownerOfServers();
    const folder = await mkdtemp(join(tmpdir(), 'frontrow-postgres-'));
    if (owner.uid !== undefined && owner.gid !== undefined) await chown(folder, owner.uid, owner.gid);
    const server = new PostgresServer(folder, programs, owner, durable);
    try {
      const options = ['-D', join(folder, 'data'), '-U', 'frontrow', '-E', 'UTF8', '--locale=C', '-A', 'trust', '-N'];
      const made = promisify(execFile)(join(programs, 'initdb'), options, { ...owner, cwd: folder });
      server.#process = made.child;
      await made;
      await server.startAgain();
      return server;
    } catch (cause) {
      await server.remove();
      throw cause;
    }
  }

  /** The address of a database here; the password is one that nobody asks for. */
  url(database = 'postgres'): string {
    return `postgres://frontrow:${PASSWORD}@${encodeURIComponent(this.#folder)}/${database}`;
  }

  /** An empty database of its own for a test. */
  async freshDatabase(): Promise<string> {
    this.#count += 1;
    const name = `test_${process.pid}_${this.#count}`;
    await runSql(this.url(), `create database ${name}`);
    return this.url(name);
  }

  /** Starts the stopped server on what it had. Resolves when it answers. */
  async startAgain(): Promise<void> {
    const settings = {
      listen_addresses: '',
      unix_socket_directories: this.#folder,
      max_connections: '200',
      fsync: this.#durable ? 'on' : 'off',
      log_min_messages: 'fatal',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const started = spawn(join(this.#programs, 'postgres'), ['-D', join(this.#folder, 'data'), ...options], {
      ...this.#owner,
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    started.stderr.on('data', (text) => {
      said += String(text);
    });
    this.#process = started;
    while (!(await answers(this.url()))) {
      if (started.exitCode !== null || started.signalCode !== null)
        throw new Error(`PostgreSQL did not start: ${said}`);
    }
  }

  /** Stops it as an operator would who cannot wait: connections are cut, what was committed is kept. */
  stop(): Promise<void> {
    return this.#end('SIGINT');
  }

  /** Ends it as a crash would: the next start has to recover. */
  crash(): Promise<void> {
    return this.#end('SIGQUIT');
  }

  /** Stops it and removes all it kept. */
  async remove(): Promise<void> {
    await this.stop();
    process.removeListener('exit', this.#leave);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill(signal);
    await ended;
  }

  /** A test run that is broken off leaves no server behind. */
  readonly #leave = () => {
    this.#process?.kill('SIGQUIT');
    // An ending process cannot await: it looks until the server has taken its last file away, within a limit.
    const lock = join(this.#folder, 'data', 'postmaster.pid');
    const moment = new Int32Array(new SharedArrayBuffer(4));
    for (let looks = 0; existsSync(lock) && looks < 100; looks++) Atomics.wait(moment, 0, 0, 20);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

export async function runSql(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await runSql(url, 'select 1');
    return true;
  } catch {
    // Not up yet; the loop that asks sees when it never will be.
    return false;
  }
}

/** Tests that run as root lend the server another user: the package's own, or nobody. */
function ownerOfServers(): Owner {
  if (process.getuid?.() !== 0) return {};
  const idOf = (user: string, which: '-u' | '-g') => {
    try {
      return Number(execFileSync('id', [which, user], { stdio: ['ignore', 'pipe', 'ignore'] }));
    } catch {
      return undefined;
    }
  };
  const user = idOf('postgres', '-u') === undefined ? 'nobody' : 'postgres';
  const [uid, gid] = [idOf(user, '-u'), idOf(user, '-g')];
  if (uid === undefined || gid === undefined) throw new Error('there is no user that PostgreSQL could run as');
  return { uid, gid };
}
