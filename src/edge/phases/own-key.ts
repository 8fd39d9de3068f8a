/** Keys of what an origin's answer names, in `Location` and `Content-Location`. */
export interface Here {
  /** Of the request that was answered. */
  readonly resource: string;
  readonly origin: { readonly url: URL; isOwnHost(host: string): boolean };
  /** As the viewer knows the origin; undefined when he did not say. */
  readonly viewedHost: string | undefined;
}

/** The key of a URI on this origin; undefined for others, which this origin has no say over. RFC 9111 section 4.4. */
export function ownKey(uri: string, { resource, origin, viewedHost }: Here): string | undefined {
  // Put together, not resolved: a path that begins with two slashes would be taken for another host's.
  const here = origin.url.origin + resource;
  const url = URL.parse(uri, here);
  const isOwn = url && (origin.isOwnHost(url.host) || url.host === viewedHost);
  return isOwn ? url.pathname + url.search : undefined;
}

/** Whether a URI names what was asked for, by whatever spelling. */
export function namesTheSame(uri: string | undefined, here: Here): boolean {
  if (uri === undefined) return false;
  const key = ownKey(uri, here);
  return key !== undefined && (key === here.resource || key === ownKey(here.origin.url.origin + here.resource, here));
}
