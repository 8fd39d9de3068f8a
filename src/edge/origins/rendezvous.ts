import { createHash } from 'node:crypto';

/**
 * The servers in the order in which they are responsible for a key (rendezvous hashing, Thaler and Ravishankar 1998):
 * everybody who knows the same names finds the same order, without a table. When one goes, its keys alone move, each to
 * the next in its own order.
 */
export function ranked<S extends { readonly name: string }>(servers: readonly S[], key: string): S[] {
  if (servers.length < 2) return [...servers];
  return servers
    .map((server) => ({ server, weight: weightOf(server.name, key) }))
    .sort((one, other) => other.weight - one.weight)
    .map(({ server }) => server);
}

function weightOf(name: string, key: string): number {
  return createHash('sha256').update(`${name}\n${key}`).digest().readUIntBE(0, 6);
}
