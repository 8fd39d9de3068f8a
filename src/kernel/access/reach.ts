import { Fault } from '../errors.ts';

/** What a grant must reach for a URL to play, and the addresses under which a token is carried. */

/** The folder of a playlist, since its children need the same cookies or token; any other URL as it is. */
export function coveredBy(url: string): string {
  return url.replace(/\/[^/?]*\.(?:m3u8|mpd)(?:\?.*)?$/, '/*');
}

/** A token by itself and, where it is for one URL, in that URL's query and in its path. */
export interface CarriedToken {
  readonly token: string;
  readonly tokenUrl?: string;
  readonly pathUrl?: string;
}

export function carryToken(url: string, token: string): CarriedToken {
  if (url.includes('*')) return { token };
  const { origin, path, query } = splitUrl(url);
  const joint = query === '' ? '?' : '&';
  return { token, tokenUrl: `${url}${joint}token=${token}`, pathUrl: `${origin}/t/${token}${path}` };
}

/** @throws Fault INVALID_REQUEST */
export function splitUrl(url: string): { origin: string; path: string; query: string } {
  const parts = /^(https?:\/\/[^/?#]+)([^?#]*)(\?[^#]*)?$/.exec(url);
  if (!parts)
    throw new Fault('INVALID_REQUEST', { says: 'Only an http or https URL without a fragment can be signed.' });
  const [, origin = '', path = '', query = ''] = parts;
  return { origin, path: path === '' ? '/' : path, query };
}
