import { useEffect, useState } from 'preact/hooks';

/** One value that changes over time and tells its watchers. Equal values are not announced. */
export class Cell<T> {
  #value: T;
  readonly #watchers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(next: T): void {
    if (Object.is(next, this.#value)) return;
    this.#value = next;
    for (const watcher of [...this.#watchers]) watcher();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** The cell's value, rendering again whenever it changes. */
export function useCell<T>(cell: Cell<T>): T {
  const [, render] = useState(0);
  useEffect(() => {
    const redraw = () => render((count) => count + 1);
    redraw(); // It may have changed between the first render and this effect.
    return cell.watch(redraw);
  }, [cell]);
  return cell.value;
}
