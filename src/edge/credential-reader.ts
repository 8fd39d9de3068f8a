import { LRUCache } from 'lru-cache';
import { type Credential, type Presented, readCredential } from '../kernel/access/credential.ts';

/** The viewers of an hour or so; what is longer than any honest cookie is read but not remembered. */
const MAX_REMEMBERED = 20_000;
const MAX_COOKIE_LENGTH = 4_096;

/**
 * Reads credentials as the kernel does, and gives the same object for the same cookies: a player sends them with every
 * segment, and whoever judges them can then remember by identity.
 */
export class CredentialReader {
  readonly #byCookies = new LRUCache<string, Credential>({ max: MAX_REMEMBERED });

  read(target: string, cookieHeader: string | undefined, authorizationHeader: string | undefined): Presented {
    const bare = authorizationHeader === undefined && !target.startsWith('/t/') && !target.includes('?');
    if (!bare || cookieHeader === undefined) return readCredential({ target, cookieHeader, authorizationHeader });
    const known = this.#byCookies.get(cookieHeader);
    if (known) return { credential: known, path: target, query: '' };
    const presented = readCredential({ target, cookieHeader });
    if (cookieHeader.length <= MAX_COOKIE_LENGTH) this.#byCookies.set(cookieHeader, presented.credential);
    return presented;
  }
}
