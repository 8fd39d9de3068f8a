/** When things came to many viewers: epoch milliseconds, by the name of each thing. */
export type Arrivals = Readonly<Record<string, readonly number[]>>;

export function gather(): { add(name: string, atMs: number): void; read(): Arrivals } {
  const all = new Map<string, number[]>();
  return {
    add: (name, time) => {
      // To a tenth of a millisecond.
      const atMs = Math.round(time * 10) / 10;
      const known = all.get(name);
      if (known) known.push(atMs);
      else all.set(name, [atMs]);
    },
    read: () => Object.fromEntries(all),
  };
}
