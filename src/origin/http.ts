import { STATUS_CODES } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Asset } from '../database/assets.ts';
import type { LiveStream } from '../database/live-stream-rows.ts';
import { verifyEdge } from '../kernel/access/edge-identity.ts';
import { EDGE_SIGNATURE_HEADER } from '../kernel/access/edge-signature.ts';
import { Fault } from '../kernel/errors.ts';
import { type FilmObject, parseFilmPath, storedKey } from '../kernel/film/paths.ts';
import { evaluateConditions, ifRangeHolds } from '../kernel/http/conditional.ts';
import { parseRange, writeContentRange } from '../kernel/http/range.ts';
import { isId } from '../kernel/ids.ts';
import type { Log } from '../kernel/log.ts';
import { PROBLEM_TYPE, problemOf } from '../kernel/problem.ts';
import type { ObjectHead, ObjectStore } from '../storage/object-store.ts';
import { type AwaitDeps, awaitObject } from './await-object.ts';
import { cacheControlOf, contentTypeOf } from './representation.ts';

/** What the origin works with. */
export interface OriginDeps extends AwaitDeps {
  readonly store: Pick<ObjectStore, 'head' | 'open'>;
  readonly contentKeys: { find(assetId: string, version: number): Promise<Buffer | undefined> };
  readonly edgeSecret: string;
  /** Who may watch a live stream. */
  readonly streams: { find(streamId: string): Promise<Pick<LiveStream, 'policy'> | undefined> };
  readonly revokedEdges: { has(edgeId: string): Promise<boolean> };
  readonly log: Log;
}

/** The origin's listener: every route behind the edge's signature, bytes straight from the store. */
export function buildOrigin(deps: OriginDeps): FastifyInstance {
  const app = Fastify({ logger: false, exposeHeadRoutes: true });
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.isSignedOtherwise) return;
    const signature = request.headers[EDGE_SIGNATURE_HEADER];
    const target = request.raw.url ?? '';
    const value = typeof signature === 'string' ? signature : undefined;
    const edgeId = verifyEdge(deps.edgeSecret, request.method, target, value, deps.clock.now());
    if (edgeId === undefined) throw new Fault('EDGE_SIGNATURE_INVALID');
    if (await deps.revokedEdges.has(edgeId)) throw new Fault('EDGE_REVOKED');
  });
  app.get('/health', async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  app.get<{ Params: { id: string } }>('/access/:id', async (request, reply) => {
    const { policy } = await findWatched(deps, request.params.id);
    return reply.header('cache-control', 'no-store').send({ policy });
  });
  app.get('/assets/*', (request, reply) => sendObject(deps, request, reply));
  app.setNotFoundHandler(() => {
    throw new Fault('NOT_FOUND');
  });
  app.setErrorHandler((thrown, request, reply) => sendProblem(deps.log, Fault.from(thrown), request, reply));
  return app;
}

/** An asset or a live stream. */
async function findWatched({ assets, streams }: OriginDeps, id: string): Promise<Pick<Asset, 'policy'>> {
  const asset = isId(id, 'as') ? await assets.find(id) : undefined;
  const found = asset ?? (isId(id, 'ls') ? await streams.find(id) : undefined);
  if (!found) throw new Fault('NOT_FOUND');
  return found;
}

async function sendObject(deps: OriginDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = (request.raw.url ?? '').split('?', 1)[0] ?? '';
  const object = parseFilmPath(path);
  if (!object) throw new Fault('NOT_FOUND');
  if (object.kind === 'key') return sendKey(deps, object, reply);
  if (object.kind === 'manifest') await refuseDashOfEncrypted(deps, object.assetId);
  // What names no version is the served one's, whichever that is at the moment of looking.
  let key = path.slice(1);
  const look = async () => {
    if (!('version' in object)) key = await servedKey(deps, path.slice(1), object.assetId);
    return deps.store.head(key);
  };
  const asker = { name: viewerOf(request), departure: departureOf(reply) };
  const holdMs = isAhead(request) ? 0 : deps.holdMs;
  const head = await awaitObject({ ...deps, holdMs }, object, look, asker);
  if (head === 'gone') return reply;
  if (head === 'missing') throw new Fault('NOT_FOUND');
  if (head === 'pending') throw new Fault('SEGMENT_PENDING');
  reply.header('content-type', contentTypeOf(object));
  reply.header('cache-control', cacheControlOf(object));
  return sendBytes(deps, key, head, request, reply);
}

/** The 16 bytes of a version's key (RFC 8216 section 5.1). */
async function sendKey(
  deps: OriginDeps,
  object: FilmObject & { kind: 'key' },
  reply: FastifyReply,
): Promise<FastifyReply> {
  const key = await deps.contentKeys.find(object.assetId, object.version);
  if (!key) throw new Fault('NOT_FOUND');
  reply.header('content-type', contentTypeOf(object)).header('cache-control', cacheControlOf(object));
  return reply.send(key);
}

/** Manifests of versions before may lie in the store; of an encrypted film there is none that a player could follow. */
async function refuseDashOfEncrypted(deps: OriginDeps, assetId: string): Promise<void> {
  if ((await deps.assets.find(assetId))?.encryption) throw new Fault('DASH_UNAVAILABLE');
}

async function servedKey(deps: OriginDeps, key: string, assetId: string): Promise<string> {
  const asset = await deps.assets.find(assetId);
  return asset ? storedKey(key, assetId, asset.version) : key;
}

/**
 * Fetched before any viewer asked (Fetch standard, Sec-Purpose): it gets what there is. Held, it would stand in the way of
 * those who really wait: they would follow it, and a segment that nobody watches yet would go before one that is missed.
 */
function isAhead({ headers }: FastifyRequest): boolean {
  return headers['sec-purpose'] === 'prefetch';
}

/** Whom the edge asks for. */
function viewerOf({ headers }: FastifyRequest): string {
  const forwarded = headers['x-forwarded-for'];
  return typeof forwarded === 'string' ? (forwarded.split(',', 1)[0] ?? '').trim().slice(0, 64) : '';
}

/** Fires when the asker hangs up before the answer is out. */
function departureOf(reply: FastifyReply): AbortSignal {
  const departure = new AbortController();
  reply.raw.once('close', () => departure.abort());
  return departure.signal;
}

async function sendBytes(
  deps: OriginDeps,
  key: string,
  head: ObjectHead,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { headers } = request;
  const nowMs = deps.clock.now();
  const validators = {
    etag: head.etag,
    lastModified: new Date(head.modifiedAtMs).toUTCString(),
    date: new Date(nowMs).toUTCString(),
  };
  reply.header('etag', validators.etag).header('last-modified', validators.lastModified);
  reply.header('accept-ranges', 'bytes');
  const conditions = {
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifModifiedSince: headers['if-modified-since'],
    ifUnmodifiedSince: headers['if-unmodified-since'],
  };
  const condition = evaluateConditions(conditions, validators, nowMs);
  if (condition === 'not-modified') return reply.code(304).send();
  if (condition === 'failed') return reply.code(412).send();

  const asked = headers.range;
  const ifRange = typeof headers['if-range'] === 'string' ? headers['if-range'] : undefined;
  const applies = request.method === 'GET' && asked !== undefined && ifRangeHolds(ifRange, validators, nowMs);
  const range = applies ? parseRange(asked, head.sizeBytes) : 'whole';
  if (range === 'unsatisfiable') {
    return reply.code(416).header('content-range', writeContentRange(range, head.sizeBytes)).send();
  }
  const part = range === 'whole' ? undefined : range;
  if (part) reply.code(206).header('content-range', writeContentRange(part, head.sizeBytes));
  reply.header('content-length', part ? part.end - part.start : head.sizeBytes);
  if (request.method === 'HEAD') return reply.send();

  const opened = await deps.store.open(key, part);
  // Replaced or deleted since it was looked at: the head is not sent yet, so the edge may simply ask again.
  if (opened?.etag !== head.etag) {
    opened?.body.destroy();
    throw new Fault('UNAVAILABLE');
  }
  return reply.send(opened.body);
}

function sendProblem(log: Log, fault: Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (fault.side === 'ours' && fault.code !== 'SEGMENT_PENDING') {
    log.error({ path: request.raw.url, code: fault.code, err: fault.cause ?? fault, ...fault.detail }, 'origin failed');
  }
  for (const name of ['content-length', 'content-range', 'etag', 'last-modified', 'accept-ranges']) {
    reply.removeHeader(name);
  }
  if (fault.status === 503) reply.header('retry-after', '1');
  return reply
    .code(fault.status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .send(problemOf(fault, STATUS_CODES[fault.status]));
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route checks a signature of its own, which no edge can make. */
    isSignedOtherwise?: true;
  }
}
