import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../kernel/errors.ts';
import { writeWithoutSecrets } from './secret-fields.ts';

/** Where the answers are kept. */
export interface AnswerStore {
  find(id: string, maxAgeMs: number): Promise<{ requestHash: string; status: number; body: string } | undefined>;
  keep(id: string, answer: { requestHash: string; status: number; body: string }, maxAgeMs: number): Promise<void>;
}

const KEPT_MS = 24 * 3_600_000;
const KEY = /^[\x21-\x7e]{1,255}$/;

interface Claim {
  readonly id: string;
  readonly requestHash: string;
  readonly release: () => void;
}

/**
 * `Idempotency-Key` on POST: the first answer is kept for a day and given again to a repetition; the same key with
 * another body is refused; a repetition that comes while the first still runs waits for it. Failures are not kept, so
 * that a repetition tries again. Routes name the fields of their answers that are secrets (`config.secretFields`):
 * those are shown once and never stored, at whatever depth, so a repeated answer lacks them.
 */
export function honourIdempotencyKeys(app: FastifyInstance, answers: AnswerStore): void {
  const running = new Map<string, Promise<void>>();
  app.decorateRequest('claim', null);

  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers['idempotency-key'];
    const counts = request.method === 'POST' && request.routeOptions.config.idempotent !== false;
    if (!counts || key === undefined || !request.bearer) return undefined;
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw new Fault('INVALID_REQUEST', { says: 'headers.idempotency-key must be 1 to 255 visible characters.' });
    }
    const id = hash([request.bearer.tokenId, request.routeOptions.url ?? '', key]);
    const release = await takeTurn(running, id);
    request.claim = { id, requestHash: requestHashOf(request), release };
    const stored = await answers.find(id, KEPT_MS);
    // Nothing more is done for a caller who went while he waited, so nothing more would release it.
    if (reply.raw.destroyed) release();
    return replay(request.claim, stored, reply);
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const { claim } = request;
    if (!claim) return;
    try {
      if (reply.hasHeader('idempotent-replayed') || reply.statusCode >= 300) return;
      const body = typeof payload === 'string' ? withoutSecrets(payload, request) : '';
      await answers.keep(claim.id, { requestHash: claim.requestHash, status: reply.statusCode, body }, KEPT_MS);
    } finally {
      // Here, and not with the end of the answer: of one that nobody waits for any more there is none.
      claim.release();
    }
  });

  app.addHook('onRequestAbort', async (request) => {
    // An aborted upload has no response to wait for; one that is still being worked on ends with its own.
    if (request.body instanceof Readable) request.claim?.release();
  });
}

function replay(
  claim: Claim,
  stored: { requestHash: string; status: number; body: string } | undefined,
  reply: FastifyReply,
): FastifyReply | undefined {
  if (!stored) return undefined;
  if (stored.requestHash !== claim.requestHash) throw new Fault('IDEMPOTENCY_KEY_REUSED');
  reply.header('idempotent-replayed', 'true').code(stored.status).type('application/json; charset=utf-8');
  // Serialised already: the schema's serialiser would quote it once more.
  return reply.serializer((text) => text as string).send(stored.body);
}

/** Resolves when no earlier request holds the key; the returned function lets the next one in, and may be called twice. */
async function takeTurn(running: Map<string, Promise<void>>, id: string): Promise<() => void> {
  for (let before = running.get(id); before; before = running.get(id)) await before;
  const { promise, resolve } = Promise.withResolvers<void>();
  running.set(id, promise);
  return () => {
    if (running.get(id) === promise) running.delete(id);
    resolve();
  };
}

/** A streamed body cannot be read twice: its length and type stand for it. */
function requestHashOf(request: FastifyRequest): string {
  const { 'content-length': length = '', 'content-type': type = '' } = request.headers;
  const body = request.body instanceof Readable ? `${length} ${type}` : JSON.stringify(request.body ?? null);
  return hash([request.url, body]);
}

function withoutSecrets(payload: string, request: FastifyRequest): string {
  // The others are kept as they are, byte for byte, and need not be JSON.
  if (!request.routeOptions.config.secretFields) return payload;
  return writeWithoutSecrets(JSON.parse(payload), request);
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

declare module 'fastify' {
  interface FastifyRequest {
    claim: Claim | null;
  }
  interface FastifyContextConfig {
    /** False for a POST whose repetition does no harm, or that has a protocol of its own for it. */
    idempotent?: boolean;
  }
}
