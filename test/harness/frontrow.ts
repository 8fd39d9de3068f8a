import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../src/cli/frontrow.js', import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Another Node than the one that runs the tests. */
  readonly node?: string;
  readonly nodeOptions?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A command of the real launcher, started; whoever asked ends it. */
export class RunningCommand {
  readonly process: ChildProcess;
  readonly #said = { stdout: '', stderr: '' };

  constructor(args: readonly string[], options: CommandOptions = {}) {
    const { node = process.execPath, nodeOptions = [], environment = {} } = options;
    // No address or token of the person who runs the tests.
    const { FRONTROW_API: _api, FRONTROW_TOKEN: _token, ...inherited } = process.env;
    this.process = spawn(node, [...nodeOptions, LAUNCHER, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...inherited, ...environment },
    });
    for (const name of ['stdout', 'stderr'] as const) {
      this.process[name]?.on('data', (text) => {
        this.#said[name] += String(text);
      });
    }
  }

  async ended(): Promise<Ended> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'close');
    return { status: this.process.exitCode, ...this.#said };
  }
}

export async function frontrow(args: readonly string[], options?: CommandOptions): Promise<Ended> {
  return new RunningCommand(args, options).ended();
}
