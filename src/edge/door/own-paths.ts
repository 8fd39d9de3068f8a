/** A target without scheme and host, when it has them. */
export function originForm(url: string): string {
  return url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]+/i, '');
}

/** The paths that the edge answers itself, wherever it stands: its health, and what operators ask where they may. */
export class OwnPaths {
  readonly #health: string;
  readonly #operator: string | undefined;

  /** @param operator what such paths begin with; undefined where there are none */
  constructor(health: string, operator: string | undefined) {
    this.#health = health;
    this.#operator = operator;
  }

  /** Also where the target names the host as well (RFC 9112 section 3.2.2): an origin shall not see an operator's token. */
  has(url: string | undefined): boolean {
    const path = originForm(url ?? '');
    return path === this.#health || (this.#operator !== undefined && path.startsWith(this.#operator));
  }
}
