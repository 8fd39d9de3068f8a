import type { AssetFeed, FeedEvent } from '../asset-feed.ts';
import type { ControlApp, RouteParts } from '../parts.ts';

/** What is used of a WebSocket. */
export interface Socket {
  readonly bufferedAmount: number;
  send(text: string): void;
  ping(): void;
  terminate(): void;
  on(event: 'pong' | 'close' | 'error' | 'message', listener: () => void): unknown;
}

/** What may wait for a slow console before changes are left out; some hundred assets. */
const MAX_WAITING_BYTES = 256 * 1024;
/** Shorter than the idle limits of common proxies. */
const PING_MS = 25_000;

/**
 * `GET /v1/events`: every change of an asset as it happens. A console that reads slowly is not kept waiting for with an
 * ever longer queue: changes are left out and, once it has caught up, one `resync` tells it to read the list again.
 */
export function eventRoutes(app: ControlApp, parts: RouteParts, feed: AssetFeed): void {
  const admits = parts.requires('assets:read');
  app.get(
    '/v1/events',
    { websocket: true, onRequest: admits, config: { rateLimit: false } },
    (socket: Socket, request) => follow(socket, feed, () => admits(request)),
  );
}

/** Sends a console what it can take, for as long as `admits` does not reject. */
export function follow(socket: Socket, feed: Pick<AssetFeed, 'subscribe'>, admits: () => Promise<void>): void {
  let behind = false;
  let answered = true;
  const send = (event: FeedEvent) => socket.send(JSON.stringify(event));
  const catchUp = () => {
    if (!behind || socket.bufferedAmount > 0) return;
    behind = false;
    send({ type: 'resync' });
  };
  const unsubscribe = feed.subscribe((event) => {
    catchUp();
    if (behind || socket.bufferedAmount > MAX_WAITING_BYTES) behind = true;
    else send(event);
  });
  const heart = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    catchUp();
    socket.ping();
    // Who has been signed out meanwhile hears no more.
    admits().catch(() => socket.terminate());
  }, PING_MS);
  socket.on('pong', () => {
    answered = true;
  });
  // A broken socket closes right after its error; the close is what ends the subscription.
  socket.on('error', () => {});
  socket.on('close', () => {
    clearInterval(heart);
    unsubscribe();
  });
}
