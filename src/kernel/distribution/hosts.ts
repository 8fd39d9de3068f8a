import { remembering } from './remembering.ts';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_LENGTH = 253;
const WILDCARD = '*.';

/** A host name in lower case, or `*.` and one. An address is no name. */
export function isAlias(text: string): boolean {
  const name = text.startsWith(WILDCARD) ? text.slice(WILDCARD.length) : text;
  const labels = name.split('.');
  return text.length <= MAX_LENGTH && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/**
 * Whose host a `Host` field names: an exact alias before a wildcard, of wildcards the longest. `*.example.com` is for all
 * below `example.com`, however deep, and not for itself. Of an alias that several have the first one's counts.
 */
export function compileHosts(
  aliases: Readonly<Record<string, readonly string[]>>,
): (host: string) => string | undefined {
  const exact = new Map<string, string>();
  const below = new Map<string, string>();
  for (const [id, names] of Object.entries(aliases)) {
    for (const name of names) {
      const isWildcard = name.startsWith(WILDCARD);
      const into = isWildcard ? below : exact;
      const key = isWildcard ? name.slice(WILDCARD.length) : name;
      if (!into.has(key)) into.set(key, id);
    }
  }
  // Films alone: nobody's host matters.
  if (exact.size === 0 && below.size === 0) return () => undefined;
  return remembering((host) => find(bareHost(host), exact, below));
}

function find(
  name: string,
  exact: ReadonlyMap<string, string>,
  below: ReadonlyMap<string, string>,
): string | undefined {
  const id = exact.get(name);
  if (id !== undefined || below.size === 0) return id;
  for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const found = below.get(name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Without its port, without the dot that ends a complete name, and in lower case. */
function bareHost(host: string): string {
  return host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}
