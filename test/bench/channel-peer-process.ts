/** The peer of `channel.bench.ts`: what one would write with `ws` in an afternoon. Every frame goes to everybody by `send`. */
import { WebSocket, WebSocketServer } from 'ws';
import { edgeCredentialOf, signAsEdge } from '../../src/kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../../src/kernel/access/edge-signature.ts';
import { LINK_PROTOCOL } from '../../src/kernel/live/channel-link.ts';

const [port = '', upstream = '', secret = '', renditions = ''] = process.argv.slice(2);
const path = new URL(upstream).pathname;
const server = new WebSocketServer({ port: Number(port), host: '127.0.0.1', perMessageDeflate: false });
const signature = signAsEdge(edgeCredentialOf(secret, 'ed_abcdefghjkmnpqrs'), 'GET', path, Date.now());
const link = new WebSocket(upstream, [LINK_PROTOCOL], {
  headers: { [EDGE_SIGNATURE_HEADER]: signature },
  perMessageDeflate: false,
});
link.on('open', () => {
  link.send(JSON.stringify({ type: 'open', epoch: '', sequence: 0 }));
  link.send(JSON.stringify({ type: 'want', renditions: renditions.split(','), parts: false, ingest: false }));
  setInterval(() => link.ping(), 2_000);
});
link.on('message', (data, isBinary) => {
  for (const client of server.clients) client.send(data, { binary: isBinary });
});
