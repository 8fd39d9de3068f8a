/** The paths that the edge answers itself, wherever it stands: its health, and what operators ask where they may. */
export class OwnPaths {
  readonly #health: string;
  readonly #operator: string | undefined;

  /** @param operator what such paths begin with; undefined where there are none */
  constructor(health: string, operator: string | undefined) {
    this.#health = health;
    this.#operator = operator;
  }

  has(url: string | undefined): boolean {
    if (url === this.#health) return true;
    return this.#operator !== undefined && url?.startsWith(this.#operator) === true;
  }
}
