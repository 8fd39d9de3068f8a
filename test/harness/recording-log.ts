import type { Log } from '../../src/kernel/log.ts';

/** Keeps what is logged, so that a test can wait for a line instead of asking again and again. */
export class RecordingLog implements Log {
  readonly lines: { readonly says: string; readonly fields: object }[] = [];
  readonly #watchers = new Set<() => void>();

  debug = (fields: object, says: string) => this.#add(fields, says);
  info = (fields: object, says: string) => this.#add(fields, says);
  warn = (fields: object, says: string) => this.#add(fields, says);
  error = (fields: object, says: string) => this.#add(fields, says);
  child = () => this;

  /** Resolves as soon as `says` has been logged `count` times. */
  async until(says: string, count = 1): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (this.lines.filter((line) => line.says === says).length >= count) resolve();
    };
    this.#watchers.add(look);
    look();
    await promise;
    this.#watchers.delete(look);
  }

  #add(fields: object, says: string): void {
    this.lines.push({ says, fields });
    for (const look of [...this.#watchers]) look();
  }
}
