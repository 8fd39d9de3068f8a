import type { PlaybackGrant } from '../api/shapes.ts';
import { clearedCookies, grantCookies } from './carriers.ts';

type Cookies = Pick<PlaybackGrant, 'cookies' | 'cookiePath' | 'expiresAt'>;

/** The grant goes along with every request below its path; what is given back takes it away again. */
export function setGrantCookies(grant: Cookies): () => void {
  for (const text of grantCookies(grant)) writeCookie(text);
  return () => {
    for (const text of clearedCookies(grant.cookiePath)) writeCookie(text);
  };
}

function writeCookie(text: string): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API needs https, and this runs on localhost too.
  document.cookie = text;
}
