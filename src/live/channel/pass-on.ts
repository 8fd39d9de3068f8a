import { WebSocket } from 'ws';
import { LINK_PROTOCOL, PASSED_ON_HEADER } from '../../kernel/live/channel-link.ts';

const HANDSHAKE_MS = 5_000;
const PING_MS = 2_000;
const SILENCE_MS = 6_000;
/** What either side has not taken. Beyond it both are let go, and the edge begins anew. */
const MAX_BYTES = 32 * 1_024 * 1_024;
const MAX_FRAME_BYTES = 64 * 1_024 * 1_024;

/** Carries what an edge and another node say to each other, until one of them goes. */
export function passOn(edge: WebSocket, url: URL, headers: Readonly<Record<string, string>>): void {
  const node = new WebSocket(url, [LINK_PROTOCOL], {
    headers: { ...headers, [PASSED_ON_HEADER]: '1' },
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const early: string[] = [];
  const heardAt = { node: performance.now(), edge: performance.now() };
  const heard = (end: keyof typeof heardAt) => {
    heardAt[end] = performance.now();
  };
  // Both are answered their pings here, so that the other one is alive has to be found out here as well.
  const pulse = setInterval(() => {
    if (node.readyState === node.OPEN) node.ping();
    const silentSince = performance.now() - SILENCE_MS - HANDSHAKE_MS;
    if (heardAt.node < silentSince) node.terminate();
    if (heardAt.edge < silentSince) edge.terminate();
  }, PING_MS);
  node.on('open', () => {
    for (const text of early.splice(0)) node.send(text);
  });
  node.on('pong', () => heard('node'));
  edge.on('ping', () => heard('edge'));
  node.on('message', (data, isBinary) => {
    heard('node');
    relay(edge, data as Buffer, isBinary);
  });
  edge.on('message', (data, isBinary) => {
    heard('edge');
    if (node.readyState === node.CONNECTING) early.push(data.toString());
    else relay(node, data as Buffer, isBinary);
  });
  const part = () => {
    clearInterval(pulse);
    node.terminate();
    edge.close(1012);
  };
  for (const end of [node, edge]) end.on('error', part).on('close', part);
}

function relay(to: WebSocket, data: Buffer, isBinary: boolean): void {
  if (to.bufferedAmount > MAX_BYTES) to.terminate();
  else if (to.readyState === to.OPEN) to.send(data, { binary: isBinary });
}
