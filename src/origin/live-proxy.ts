import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LiveStream } from '../database/live-stream-rows.ts';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import { isHopByHop } from '../kernel/http/hop-by-hop.ts';
import { PASSED_ON_HEADER } from '../kernel/live/channel-link.ts';
import { type LiveObject, parseLivePath } from '../kernel/live/paths.ts';
import { SharedAsks } from './shared-asks.ts';

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
 * the askers' own, whose leaving ends them. What edges wait for together is asked once for all of them.
 */
export function mountLiveProxy(app: FastifyInstance, deps: LiveProxyDeps): void {
  const whereabouts = new Whereabouts(deps);
  const shared = new SharedAsks<Answer>();
  app.addHook('onRequest', async (request, reply) => {
    const { url = '' } = request.raw;
    if (!url.startsWith('/live/') || request.headers[PASSED_ON_HEADER] !== undefined) return;
    const object = parseLivePath(url.split('?', 1)[0] ?? '');
    // Channels find their own way.
    if (!object || object.kind === 'channel' || deps.isHere?.(object.streamId)) return;
    const nodeUrl = await whereabouts.find(object.streamId);
    if (nodeUrl === undefined) return;
    const departure = departureOf(reply);
    const how = (signal: AbortSignal) => ask(new URL(url, nodeUrl), deps, request, signal);
    const name = isForAll(object, request)
      ? `${nodeUrl} ${url} ${request.headers['accept-encoding'] ?? ''}`
      : undefined;
    const answer =
      name === undefined
        ? await how(departure)
        : await shared.join(name, departure, (signal) => how(signal).then(readWhole));
    await reply.code(answer.statusCode).headers(answer.fields).send(answer.body);
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

interface Answer {
  readonly statusCode: number;
  readonly fields: Fields;
  readonly body: IncomingMessage | Buffer;
}

type Fields = Readonly<Record<string, string | string[] | undefined>>;

/** Who has left while it was looked up where the stream is, does not say so again. */
function departureOf({ raw }: FastifyReply): AbortSignal {
  const departure = new AbortController();
  if (raw.destroyed) departure.abort();
  else raw.once('close', () => departure.abort());
  return departure.signal;
}

/** What many ask for at once, and is small. */
function isForAll({ kind }: LiveObject, { method, headers }: FastifyRequest): boolean {
  return method === 'GET' && (kind === 'playlist' || kind === 'part') && !OF_ONE.some((name) => name in headers);
}

const OF_ONE = ['if-match', 'if-none-match', 'if-modified-since', 'range'];

async function ask(
  url: URL,
  { sign }: LiveProxyDeps,
  { method, headers }: FastifyRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const signature = sign(method, `${url.pathname}${url.search}`);
  const asked = { ...endToEnd(headers), ...signature, [PASSED_ON_HEADER]: '1', host: url.host };
  const answer = await send(url, { method, headers: asked, signal });
  return { statusCode: answer.statusCode ?? 502, fields: endToEnd(answer.headers), body: answer };
}

function send(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asking = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
  asking.once('response', resolve);
  asking.once('error', (cause) => reject(new Fault('UNAVAILABLE', { cause })));
  asking.end();
  return promise;
}

async function readWhole({ body, ...head }: Answer): Promise<Answer> {
  try {
    return { ...head, body: Buffer.isBuffer(body) ? body : await buffer(body) };
  } catch (cause) {
    throw new Fault('UNAVAILABLE', { cause });
  }
}

function endToEnd<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isHopByHop(name) && name !== 'host'));
}
