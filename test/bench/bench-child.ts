import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A script in a process on a core of its own, which says lines, and goes on when it is told to. */
export class BenchChild {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reading: Interface;

  constructor(script: URL, args: readonly string[], core: number) {
    const command = ['-c', `${core}`, process.execPath, fileURLToPath(script), ...args];
    this.#child = spawn('taskset', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.#child.stdout) throw new Error(`${script.pathname} has no output`);
    this.#reading = createInterface(this.#child.stdout);
    this.#lines = this.#reading[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the process has ended');
    return value;
  }

  goOn(): void {
    this.#child.stdin?.write('\n');
  }

  stop(): void {
    this.#reading.close();
    this.#child.kill();
  }
}
