import { LRUCache } from 'lru-cache';
import { type DerivedKey, deriveToken } from '../../kernel/access/derive.ts';
import type { Grant } from '../../kernel/access/proof.ts';
import { namesChild, rewriteUris } from '../../kernel/hls/rewrite.ts';

/** The viewers of an hour or so, each with the folders of some renditions. */
const MAX_TOKENS = 20_000;
/** No playlist has it in its text. */
const PLACE = '\u0000';

interface Derived {
  readonly key: DerivedKey;
  readonly token: string;
}

/**
 * What a grant makes of playlists, made in parts that last: a player comes back for every state, and thousands come for the
 * same one. A token is the same for as long as its grant; where it goes in a playlist is the same for all viewers.
 */
export class GrantedTexts {
  readonly #tokens = new LRUCache<string, Derived>({ max: MAX_TOKENS });
  readonly #pieces = new WeakMap<Buffer, readonly string[]>();

  token(grant: Grant, path: string, key: DerivedKey): string {
    const { keyPairId, id, expiresAtMs, ip = '' } = grant;
    const name = `${keyPairId} ${id} ${expiresAtMs} ${ip} ${path}`;
    const known = this.#tokens.get(name);
    if (known?.key === key) return known.token;
    const token = deriveToken(grant, path, key);
    this.#tokens.set(name, { key, token });
    return token;
  }

  /** A playlist with this before each name of a child. */
  write(playlist: Buffer, prefix: string): string {
    const pieces = this.#pieces.get(playlist) ?? piecesOf(playlist);
    this.#pieces.set(playlist, pieces);
    return pieces.join(prefix);
  }
}

function piecesOf(playlist: Buffer): string[] {
  const marked = (uri: string) => (namesChild(uri) ? PLACE + uri : uri);
  return rewriteUris(playlist.toString('utf8').replaceAll(PLACE, ''), marked).split(PLACE);
}
