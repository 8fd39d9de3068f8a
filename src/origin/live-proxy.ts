import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LiveStream } from '../database/live-stream-rows.ts';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import { isHopByHop } from '../kernel/http/hop-by-hop.ts';
import { PASSED_ON_HEADER } from '../kernel/live/channel-link.ts';
import { parseLivePath } from '../kernel/live/paths.ts';

export interface LiveProxyDeps {
  readonly streams: { find(streamId: string): Promise<LiveStream | undefined> };
  /** Of a broadcast that is known to be at this node nobody is asked. */
  readonly isHere?: ((streamId: string) => boolean) | undefined;
  /** The origin of this node, as it stands with the streams that it has. */
  readonly ownUrl: () => string;
  /** What proves to another node's origin that one of the fleet asks. */
  readonly sign: (method: string, target: string) => Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** Where a stream is, is asked of the database this often: viewers ask for several files a second. */
const KNOWN_MS = 1_000;
const MOST_KNOWN = 1_000;
/** Viewers do not wait longer for a database. */
const PATIENCE_MS = 500;

/**
 * Has requests for a stream that another node has answered by that node. Theirs may be held: no time limit is put on them but
 * the asker's own, whose leaving ends them.
 */
export function mountLiveProxy(app: FastifyInstance, deps: LiveProxyDeps): void {
  const whereabouts = new Whereabouts(deps);
  app.addHook('onRequest', async (request, reply) => {
    const { url = '' } = request.raw;
    if (!url.startsWith('/live/') || request.headers[PASSED_ON_HEADER] !== undefined) return;
    const object = parseLivePath(url.split('?', 1)[0] ?? '');
    // Channels find their own way.
    if (!object || object.kind === 'channel' || deps.isHere?.(object.streamId)) return;
    const nodeUrl = await whereabouts.find(object.streamId);
    if (nodeUrl !== undefined) await passOn(new URL(url, nodeUrl), deps, request, reply);
  });
}

class Whereabouts {
  readonly #deps: LiveProxyDeps;
  readonly #known = new Map<string, { readonly found: Promise<string | undefined>; readonly atMs: number }>();

  constructor(deps: LiveProxyDeps) {
    this.#deps = deps;
  }

  /** The origin of the other node that has a stream; undefined when none has, or this one does. */
  find(streamId: string): Promise<string | undefined> {
    const now = this.#deps.clock.now();
    const known = this.#known.get(streamId);
    if (known && Math.abs(now - known.atMs) < KNOWN_MS) return known.found;
    const found = this.#look(streamId, now, known?.found);
    this.#known.delete(streamId);
    this.#known.set(streamId, { found, atMs: now });
    for (const [oldest] of this.#known) if (this.#known.size > MOST_KNOWN) this.#known.delete(oldest);
    return found;
  }

  /** A database that does not answer moves no stream: it is where it was, or here. */
  async #look(streamId: string, nowMs: number, before?: Promise<string | undefined>): Promise<string | undefined> {
    const asked = this.#deps.streams.find(streamId).catch(() => 'unknown' as const);
    const stream = await Promise.race([asked, pause(PATIENCE_MS, 'unknown' as const, { ref: false })]);
    if (stream === 'unknown') return before;
    const { nodeUrl, ownedUntilMs = 0 } = stream ?? {};
    return nodeUrl !== undefined && nodeUrl !== this.#deps.ownUrl() && ownedUntilMs > nowMs ? nodeUrl : undefined;
  }
}

async function passOn(url: URL, deps: LiveProxyDeps, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { method, headers } = request;
  const target = `${url.pathname}${url.search}`;
  const departure = new AbortController();
  reply.raw.once('close', () => departure.abort());
  const asked = { ...endToEnd(headers), ...deps.sign(method, target), [PASSED_ON_HEADER]: '1' };
  const answer = await ask(url, method, asked, departure.signal);
  reply.code(answer.statusCode ?? 502).headers(endToEnd(answer.headers));
  await reply.send(answer);
}

function ask(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const asking = send(url, { method, headers: { ...headers, host: url.host }, signal });
  asking.once('response', resolve);
  asking.once('error', (cause) => reject(new Fault('UNAVAILABLE', { cause })));
  asking.end();
  return promise;
}

function endToEnd<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isHopByHop(name) && name !== 'host'));
}
