import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('./s3-server.py', import.meta.url));

/** The packages belong to the system's Python, which need not be the first on the path. */
const PYTHON = ['/usr/bin/python3', 'python3'].find((file) => !file.startsWith('/') || existsSync(file)) ?? 'python3';

export interface S3Access {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A real S3 server (OpenStack Swift) in a process of its own, which ends with this one whatever happens. */
export class S3Server {
  readonly access: S3Access;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(access: S3Access, process: ChildProcess, folder: string) {
    this.access = access;
    this.#process = process;
    this.#folder = folder;
  }

  static async start(): Promise<S3Server> {
    const folder = await mkdtemp(join(tmpdir(), 'frontrow-s3-'));
    const child = spawn(PYTHON, [SERVER, folder], { stdio: ['pipe', 'pipe', 'pipe'] });
    const said: string[] = [];
    child.stderr.on('data', (text) => said.push(String(text)));
    const died = once(child, 'exit').then(([code]) => {
      throw new Error(`the S3 server ended with ${code}:\n${said.join('')}\nDoes apt-get install python3-swift help?`);
    });
    const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), died]);
    died.catch(() => {});
    return new S3Server(JSON.parse(String(line)) as S3Access, child, folder);
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin?.end();
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
