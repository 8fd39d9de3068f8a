import { readCredential } from '../../kernel/access/credential.ts';
import type { EdgeMode } from '../parts.ts';

/** What the edge calls what an operator names by an address. */
export interface Names {
  /** What keys of the distribution for this host begin with; empty where they begin with the path. */
  scopeAt(host: string): string;
  /** What is asked for by an address, without what it was granted by. */
  targetAt(host: string, target: string): string;
  /** The key of that, without what fields of a request add to it. */
  keyAt(host: string, target: string): string;
}

/** Where there are no distributions: what is asked for is what it is called. */
export function plainNames(mode: EdgeMode): Names {
  return {
    scopeAt: () => '',
    targetAt: (_host, target) => (mode === 'film' ? ungranted(target) : target),
    keyAt: (_host, target) => target,
  };
}

/** The file that a signed address lets people have. */
export function ungranted(target: string): string {
  const { path, query } = readCredential({ target });
  return query === '' ? path : `${path}?${query}`;
}
