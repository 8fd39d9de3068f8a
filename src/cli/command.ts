import { usage } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** A command as data: program.ts turns it into a commander command, so that only that file knows commander. */
export interface Command {
  readonly name: string;
  readonly says: string;
  /** Positional arguments as commander writes them, such as `<file>`. */
  readonly takes?: readonly { readonly name: string; readonly says: string }[];
  readonly options?: readonly Option[];
  /** Examples and remarks below the help. */
  readonly more?: string;
  readonly children?: readonly Command[];
  readonly run?: (given: Given, terminal: Terminal) => Promise<void>;
}

export interface Option {
  /** As commander writes them, such as `--title <text>`. */
  readonly flags: string;
  readonly says: string;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeats?: true;
}

/** What was given on the command line. Commander types it loosely; the questions asked here are exact. */
export class Given {
  readonly #takes: ReadonlyMap<string, string>;
  readonly #options: Readonly<Record<string, unknown>>;
  /** Positional arguments as they came. */
  readonly all: readonly string[];

  constructor(
    takes: ReadonlyMap<string, string>,
    options: Readonly<Record<string, unknown>>,
    all: readonly string[] = [...takes.values()],
  ) {
    this.#takes = takes;
    this.#options = options;
    this.all = all;
  }

  /** A positional argument; empty when it is optional and absent. */
  argument(name: string): string {
    return this.#takes.get(name) ?? '';
  }

  /** The value of `--some-name`, asked for as `someName`. */
  text(name: string): string | undefined {
    const value = this.#options[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Of an option that repeats, in the order given. */
  texts(name: string): readonly string[] {
    const values = this.#options[name];
    return Array.isArray(values) ? values.map(String) : [];
  }

  has(name: string): boolean {
    return this.#options[name] !== undefined && this.#options[name] !== false;
  }

  /** @throws Failure USAGE unless it is a whole number within the bounds. */
  integer(name: string, min: number, max: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw usage(`${flagOf(name)} must be a whole number from ${min} to ${max}.`);
  }

  /** @throws Failure USAGE unless it is a number within the bounds. */
  number(name: string, min: number, max: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = value.trim() === '' ? Number.NaN : Number(value);
    if (number >= min && number <= max) return number;
    throw usage(`${flagOf(name)} must be a number from ${min} to ${max}.`);
  }

  /** @throws Failure USAGE naming the first two of these options when more than one is given. */
  atMostOne(...names: readonly string[]): void {
    const [first, second] = names.filter((name) => this.has(name));
    if (first && second) throw usage(`${flagOf(first)} and ${flagOf(second)} do not go together.`);
  }
}

/** `keyPairId` is written `--key-pair-id`. */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
