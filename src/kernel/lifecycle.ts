/** Something to undo when the process stops, newest first. */
export type Cleanup = () => void | Promise<void>;

/**
 * What has been started, in order. `stop` undoes it in reverse, lets one failure not keep the rest from stopping, and
 * gives a second caller the same promise.
 */
export class Lifecycle {
  readonly #started: { readonly name: string; readonly stop: Cleanup }[] = [];
  readonly #failed: (name: string, cause: unknown) => void;
  #stopping: Promise<void> | undefined;

  /** `failed` hears of a part that would not stop. */
  constructor(failed: (name: string, cause: unknown) => void) {
    this.#failed = failed;
  }

  /** Remembers how to stop a part that has just been started. */
  add(name: string, stop: Cleanup): void {
    this.#started.push({ name, stop });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (let part = this.#started.pop(); part; part = this.#started.pop()) {
      try {
        await part.stop();
      } catch (cause) {
        this.#failed(part.name, cause);
      }
    }
  }
}
