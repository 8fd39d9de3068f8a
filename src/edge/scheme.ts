import type { Peer } from './viewer.ts';

/** What tells the scheme of a request. */
export interface Arrival {
  readonly host: string;
  readonly peer: Peer;
  /** By the word of a trusted proxy. */
  readonly toldScheme?: string | undefined;
}

/** In which an edge tells its parent of a viewer who came by https, where that decides how the origin is asked. */
export const VIEWER_SCHEME_HEADER = 'frontrow-viewer-scheme';

/** What is true of the address of every viewer; undefined where they may come by several. */
export interface AddressForAll {
  readonly host: string | undefined;
  readonly scheme: string | undefined;
}

/** @param onlyInTheClear whether there is no TLS here, nor anybody whose word about it counts */
export function addressForAll(edgeUrl: string, onlyInTheClear: boolean): AddressForAll {
  if (edgeUrl === '') return { host: undefined, scheme: onlyInTheClear ? 'http' : undefined };
  const { host, protocol } = new URL(edgeUrl);
  return { host, scheme: protocol.slice(0, -1) };
}

/**
 * The scheme the viewer used: what a trusted proxy says, or https where TLS ends here. Behind something else that ends TLS the operator states the
 * public address, and requests for that host are taken at its word.
 */
export function schemes(edgeUrl: string): (arrival: Arrival) => string {
  const stated = edgeUrl === '' ? undefined : new URL(edgeUrl);
  return ({ host, peer, toldScheme }) => {
    if (toldScheme !== undefined) return toldScheme;
    if (peer.secure) return 'https';
    return stated && host.toLowerCase() === stated.host ? stated.protocol.slice(0, -1) : 'http';
  };
}
