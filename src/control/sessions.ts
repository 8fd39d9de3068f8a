import type { DatabaseTransaction } from '../database/open.ts';
import type { SignInLinkRepository } from '../database/sign-in-links.ts';
import { ADMINISTRATOR_ID, type User } from '../database/users.ts';
import { readApiToken } from '../kernel/access/api-token.ts';
import type { Clock } from '../kernel/clock.ts';
import { type MintedToken, mintToken } from './tokens.ts';

/** A console session lasts a week, so that an operator signs in about as often as the server is restarted. */
const SESSION_MS = 7 * 86_400_000;
/** A sign-in link works for a day unless its maker says otherwise: it stands in terminals, mails and logs. */
export const SIGN_IN_SECONDS = 86_400;

export interface SessionParts {
  readonly secret: string;
  readonly links: SignInLinkRepository;
  readonly clock: Clock;
  /** Where the console is. */
  readonly consoleUrl: () => string;
}

export interface SignInLinkView {
  readonly url: string;
  readonly expiresAtMs: number;
}

/** Signs users in: a link, used once, becomes a session. */
export class Sessions {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** A link for a user; undefined when there is none, or he is disabled. */
  async link(
    userId: string,
    lifeMs: number,
    within?: (trx: DatabaseTransaction, user: User, linkId: string) => Promise<void>,
  ): Promise<SignInLinkView | undefined> {
    const { secret, links, clock, consoleUrl } = this.#parts;
    const { tokenId: id, token, expiresAtMs } = mintToken('sign-in', secret, [], clock.now(), lifeMs);
    const user = await links.add({ id, userId, expiresAtMs }, async (trx, found) => within?.(trx, found, id));
    return user && { url: `${consoleUrl()}/#/sign-in/${token}`, expiresAtMs };
  }

  /** The link that a start prints: whoever reads what a server says is its administrator. */
  async administratorLink(): Promise<string> {
    const link = await this.link(ADMINISTRATOR_ID, SIGN_IN_SECONDS * 1000);
    return link?.url ?? this.#parts.consoleUrl();
  }

  /** Exchanges what a link carries for a session; undefined when it is not one of ours, too old, or used. */
  async open(
    signInToken: string,
    within: (trx: DatabaseTransaction, user: User, sessionId: string) => Promise<void>,
  ): Promise<(MintedToken & { readonly user: User }) | undefined> {
    const { secret, links, clock } = this.#parts;
    const claims = readApiToken(signInToken, secret, clock.now());
    if (claims?.use !== 'sign-in') return undefined;
    const session = mintToken('session', secret, [], clock.now(), SESSION_MS);
    const { tokenId: id, expiresAtMs } = session;
    const record = { id, name: 'Console', expiresAtMs };
    const user = await links.use(claims.tokenId, record, (trx, found) => within(trx, found, id));
    return user && { ...session, user };
  }
}
