import { createProgress, type Progress, type Unit } from './progress.ts';

/** Where a command speaks: answers on stdout, everything else on stderr, so that answers can be piped. */
export class Terminal {
  readonly #json: boolean;

  constructor(options: { json: boolean }) {
    this.#json = options.json;
  }

  /** The answer of a command: with `--json` the document and nothing else, otherwise the lines. */
  answer(document: unknown, lines: readonly string[]): void {
    process.stdout.write(this.#json ? `${JSON.stringify(document, undefined, 2)}\n` : toText(lines));
  }

  /** Something to know that is not the answer. */
  note(text: string): void {
    if (!this.#json) process.stderr.write(`${text}\n`);
  }

  /** A bar on a terminal; nothing where nobody watches. */
  progress(label: string, unit: Unit): Progress {
    return createProgress(label, unit, !this.#json && process.stderr.isTTY === true);
  }
}

/** Columns wide enough for their longest value. */
export function tableLines(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function toText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
