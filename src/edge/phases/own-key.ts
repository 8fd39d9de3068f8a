/** What the store calls what is asked for, and the other way round. */
export interface Naming {
  /** The key of path and query, where nothing else has a part in it: without what fields of a request add. */
  keyOf(target: string): string;
  /** Path and query, as far as they are in the key. */
  targetOf(key: string): string;
}

/** An origin's own names: what is asked for is what it is called. */
export const PLAIN_NAMING: Naming = { keyOf: (target) => target, targetOf: (key) => key };

/** Keys of what an origin's answer names, in `Location` and `Content-Location`. */
export interface Here {
  /** Of the request that was answered. */
  readonly resource: string;
  readonly origin: { readonly url: URL; isOwnHost(host: string): boolean };
  /** As the viewer knows the origin; undefined when he did not say. */
  readonly viewedHost: string | undefined;
  readonly naming: Naming;
}

/** The key of a URI on this origin; undefined for others, which this origin has no say over. RFC 9111 section 4.4. */
export function ownKey(uri: string, { resource, origin, viewedHost, naming }: Here): string | undefined {
  // Put together, not resolved: a path that begins with two slashes would be taken for another host's.
  const here = origin.url.origin + naming.targetOf(resource);
  const url = URL.parse(uri, here);
  const isOwn = url && (origin.isOwnHost(url.host) || url.host === viewedHost);
  return isOwn ? naming.keyOf(url.pathname + url.search) : undefined;
}

/** Whether a URI names what was asked for, by whatever spelling. */
export function namesTheSame(uri: string | undefined, here: Here): boolean {
  if (uri === undefined) return false;
  const { resource, origin, naming } = here;
  const key = ownKey(uri, here);
  return key !== undefined && (key === resource || key === ownKey(origin.url.origin + naming.targetOf(resource), here));
}
