/**
 * The scheme the viewer used. A listener without TLS sees http; behind something that ends TLS the operator states the
 * public address, and requests for that host are taken at its word.
 */
export function schemes(edgeUrl: string): (host: string) => string {
  if (edgeUrl === '') return () => 'http';
  const { protocol, host: publicHost } = new URL(edgeUrl);
  return (host) => (host.toLowerCase() === publicHost ? protocol.slice(0, -1) : 'http');
}
