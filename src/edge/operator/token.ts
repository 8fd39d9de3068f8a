import { hash, timingSafeEqual } from 'node:crypto';
import { SettingsError } from '../../config/settings.ts';

/** Shorter ones could be found by trying. */
const MIN_LENGTH = 16;

/** What an operator who is not on this machine shows. */
export class OperatorToken {
  readonly #length: number;
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#length = token.length;
    this.#digest = digestOf(token);
  }

  /** Undefined when there is none. @throws SettingsError for one that is no secret */
  static of(setting: string): OperatorToken | undefined {
    if (setting === '') return undefined;
    if (/^[\x21-\x7e]+$/.test(setting) && setting.length >= MIN_LENGTH) return new OperatorToken(setting);
    const says = `FRONTROW_EDGE_OPERATOR_TOKEN must be ${MIN_LENGTH} visible characters at least`;
    throw new SettingsError(says);
  }

  /** Takes the same time wherever the two differ; what has another length costs nothing. */
  is(given: string | readonly string[] | undefined): boolean {
    if (typeof given !== 'string' || given.length !== this.#length) return false;
    return timingSafeEqual(digestOf(given), this.#digest);
  }

  /** Whether an `Authorization` field brings it. */
  isBearer(authorization: string | undefined): boolean {
    return this.is(/^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]);
  }
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
