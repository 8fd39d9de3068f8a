import { normalAddress } from '../address.ts';

/** What proxies in front of us say about a request. */
export interface Forwarded {
  /** Who asked each of them, the viewer's end first; undefined where one does not tell or is not understood. */
  readonly chain: readonly (string | undefined)[];
  /** The scheme that the last of them was asked by. */
  readonly scheme: 'http' | 'https' | undefined;
}

/** `X-Forwarded-For` and `X-Forwarded-Proto`, each the values of a field joined by commas. */
export function readXForwarded(addresses: string | undefined, scheme: string | undefined): Forwarded {
  const nodes = addresses === undefined ? [] : addresses.split(',');
  return { chain: nodes.map((node) => addressOfNode(node.trim())), scheme: schemeOf(scheme?.split(',').at(-1)) };
}

/** One `name=value`, the value a token or a quoted string. RFC 7239 section 4. */
const PAIR = /\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~:[\]-]*))\s*([;,]|$)/gy;

/** The `Forwarded` field; a list that breaks its own grammar says nothing. RFC 7239. */
export function readForwarded(text: string | undefined): Forwarded {
  const chain: (string | undefined)[] = [];
  let scheme: Forwarded['scheme'];
  let element: { for?: string; proto?: string } = {};
  let read = 0;
  for (const match of (text ?? '').matchAll(PAIR)) {
    read += match[0].length;
    const name = (match[1] ?? '').toLowerCase();
    const value = match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '';
    if (name === 'for' || name === 'proto') element[name] = value;
    if (match[4] === ';') continue;
    chain.push(element.for === undefined ? undefined : addressOfNode(element.for));
    scheme = schemeOf(element.proto);
    element = {};
  }
  return read === (text ?? '').length ? { chain, scheme } : { chain: [undefined], scheme: undefined };
}

/**
 * The viewer's address: seen from us outwards, the first that no trusted proxy stands behind. What a proxy does not tell
 * ends the search, and so the nearest known address counts.
 */
export function viewerAddress(peer: string, chain: Forwarded['chain'], trusts: (address: string) => boolean): string {
  let viewer = peer;
  for (const told of chain.toReversed()) {
    if (told === undefined || !trusts(viewer)) return viewer;
    viewer = told;
  }
  return viewer;
}

/** Without a port: `203.0.113.7:4711`, `[2001:db8::1]:80`, and both bare. */
function addressOfNode(node: string): string | undefined {
  const [, inBrackets, dotted] = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+)(?::\d{1,5})?)$/.exec(node) ?? [];
  return normalAddress(inBrackets ?? dotted ?? node);
}

function schemeOf(text: string | undefined): 'http' | 'https' | undefined {
  const word = text?.trim().toLowerCase();
  return word === 'http' || word === 'https' ? word : undefined;
}

/** The element that a proxy adds to `Forwarded` for the one that asked it. */
export function writeForwarded(peer: string, scheme: string, host: string): string {
  const node = peer.includes(':') ? `"[${peer}]"` : normalAddress(peer) === undefined ? 'unknown' : peer;
  return `for=${node};proto=${scheme};host="${host}"`;
}
