import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor, AuditLogRepository } from '../database/audit-log.ts';
import type { DatabaseTransaction } from '../database/open.ts';
import { writeWithoutSecrets } from './secret-fields.ts';

/** What was changed, as far as a route knows it better than its answer tells. */
export interface Change {
  /** The collection of the API, such as `distributions`. Left out: the first part of the path. */
  readonly kind?: string;
  /** Which of it. Left out: the first parameter of the path, else the id in the answer. */
  readonly id?: string;
  /** As the API shows it; absent for what was made. */
  readonly before?: unknown;
  /** As the API shows it; absent for what was deleted. Left out: the answer. */
  readonly after?: unknown;
  /** For operations that carry no bearer token. Left out: the bearer. */
  readonly actor?: Actor;
}

/** JSON of one side of a change that is longer than this is left out, and its size told. */
const MAX_JSON_BYTES = 64 * 1024;
const CHANGES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * The audit log of the API. Every POST, PUT, PATCH and DELETE below `/v1/` that succeeds leaves one record before its
 * answer goes out, and fails when that cannot be written. A route need do nothing for it: who, what and the answer are
 * known. It does more by
 *
 * - `request.audit.about({ before })`, where it knows what was there before;
 * - `request.audit.record(change, trx)` within the transaction that makes the change, so that neither is there without
 *   the other; nothing is written a second time at the end;
 * - `config.secretFields`: fields of these names, at any depth, are not kept;
 * - `config.audit: false` where there is nothing to tell (bytes of an upload, reports of machines).
 *
 * Register before whatever keeps answers: an answer that is kept and not audited could be had by asking again.
 */
export function keepAuditLog(app: FastifyInstance, log: AuditLogRepository): void {
  app.decorateRequest('audit');
  app.addHook('onRequest', async (request) => {
    request.audit = new Audit(request, log);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (isAudited(request) && isDone(reply)) await request.audit.finish(reply, payload);
  });
}

function isAudited(request: FastifyRequest): boolean {
  if (!CHANGES.has(request.method) || !request.routeOptions.url?.startsWith('/v1/')) return false;
  const { audit = true } = request.routeOptions.config;
  return typeof audit === 'function' ? audit(request) : audit;
}

/** A repeated answer tells of no new change. */
function isDone(reply: FastifyReply): boolean {
  return reply.statusCode >= 200 && reply.statusCode < 300 && !reply.hasHeader('idempotent-replayed');
}

/** What is to be told of one request. */
export class Audit {
  readonly #request: FastifyRequest;
  readonly #log: AuditLogRepository;
  #about: Change = {};
  #isWritten = false;

  constructor(request: FastifyRequest, log: AuditLogRepository) {
    this.#request = request;
    this.#log = log;
  }

  /** Completes the record that is written at the end. */
  about(change: Change): void {
    this.#about = { ...this.#about, ...change };
  }

  /** Writes the record now, within the transaction of the change itself when there is one. */
  async record(change: Change, trx?: DatabaseTransaction): Promise<void> {
    // Of a connection that is gone by now there is no address.
    const { ip: address = '', id: requestId, routeOptions } = this.#request;
    const { kind, id, before, after, actor } = { ...this.#about, ...change };
    const operation = routeOptions.schema?.operationId ?? `${this.#request.method} ${routeOptions.url}`;
    const resourceId = id ?? firstParameter(this.#request);
    const record = {
      actor: actor ?? this.#request.bearer?.actor ?? { kind: 'nobody' as const },
      address,
      operation,
      resource: { kind: kind ?? collectionOf(routeOptions.url), ...(resourceId ? { id: resourceId } : {}) },
      ...this.#side('before', before),
      ...this.#side('after', after),
      requestId,
    };
    await this.#log.add(record, trx);
    this.#isWritten = true;
  }

  /** Writes what is known at the end, unless the route has done so. */
  async finish(reply: FastifyReply, payload: unknown): Promise<void> {
    if (this.#isWritten) return;
    const answer = jsonOf(reply, payload);
    const id = this.#about.id ?? firstParameter(this.#request) ?? madeId(reply, answer);
    await this.record({ ...(answer === undefined ? {} : { after: answer }), ...this.#about, ...(id ? { id } : {}) });
  }

  #side(name: 'before' | 'after', value: unknown): { [side in 'before' | 'after']?: string } {
    if (value === undefined) return {};
    const json = writeWithoutSecrets(value, this.#request);
    const sizeBytes = Buffer.byteLength(json);
    return { [name]: sizeBytes > MAX_JSON_BYTES ? JSON.stringify({ leftOut: true, sizeBytes }) : json };
  }
}

/** `/v1/assets/:assetId/subtitles` is about assets. */
function collectionOf(url = ''): string {
  return url.split('/')[2] ?? '';
}

function firstParameter({ params }: FastifyRequest): string | undefined {
  const [first] = Object.values((params ?? {}) as Record<string, string>);
  return first;
}

function jsonOf(reply: FastifyReply, payload: unknown): unknown {
  const isJson = String(reply.getHeader('content-type') ?? '').startsWith('application/json');
  return isJson && typeof payload === 'string' ? (JSON.parse(payload) as unknown) : undefined;
}

/** Of what was made: the first field of its body that is named as an id, else the end of its address. */
function madeId(reply: FastifyReply, answer: unknown): string | undefined {
  const entries = Object.entries((answer ?? {}) as Record<string, unknown>);
  const [, id] = entries.find(([name]) => /^id$|Id$/.test(name)) ?? [];
  return typeof id === 'string'
    ? id
    : String(reply.getHeader('location') ?? '')
        .split('/')
        .at(-1);
}

declare module 'fastify' {
  interface FastifyRequest {
    audit: Audit;
  }
  interface FastifyContextConfig {
    /** Whether a success leaves a record in the audit log. Left out: every one that changes something does. */
    audit?: boolean | ((request: FastifyRequest) => boolean);
  }
}
