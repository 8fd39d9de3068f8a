import { LRUCache } from 'lru-cache';
import { type Credential, type Presented, readCredential } from '../kernel/access/credential.ts';

/** The viewers of an hour or so; what is longer than any honest credential is read but not remembered. */
const MAX_REMEMBERED = 20_000;
const MAX_LENGTH = 4_096;
const TOKEN_PREFIX = '/t/';

/**
 * Reads credentials as the kernel does, and gives the same object for the same cookies or path token: a player sends
 * them with every segment, and whoever judges them can then remember by identity.
 */
export class CredentialReader {
  readonly #byCookies = new LRUCache<string, Credential>({ max: MAX_REMEMBERED });
  readonly #byToken = new LRUCache<string, Credential>({ max: MAX_REMEMBERED });

  read(
    target: string,
    cookieHeader: string | undefined,
    authorizationHeader: string | undefined,
    takesPathToken = true,
  ): Presented {
    const source = { target, cookieHeader, authorizationHeader, takesPathToken };
    if (target.includes('?')) return readCredential(source);
    if (takesPathToken && target.startsWith(TOKEN_PREFIX)) {
      const end = target.indexOf('/', TOKEN_PREFIX.length);
      if (end <= TOKEN_PREFIX.length) return readCredential(source);
      return remembered(this.#byToken, target.slice(TOKEN_PREFIX.length, end), target.slice(end), source);
    }
    if (cookieHeader === undefined || authorizationHeader !== undefined) return readCredential(source);
    return remembered(this.#byCookies, cookieHeader, target, source);
  }
}

function remembered(
  known: LRUCache<string, Credential>,
  text: string,
  path: string,
  source: Parameters<typeof readCredential>[0],
): Presented {
  const credential = known.get(text);
  if (credential) return { credential, path, query: '' };
  const presented = readCredential(source);
  if (text.length <= MAX_LENGTH) known.set(text, presented.credential);
  return presented;
}
