import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault, type FieldError } from '../kernel/errors.ts';
import { listenerFault } from '../kernel/listener-fault.ts';
import type { Log } from '../kernel/log.ts';
import { PROBLEM_TYPE, problemOf } from '../kernel/problem.ts';

/** Answers every failure of `app` as a problem document, and logs it once with the level its side deserves. */
export function answerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((thrown: FastifyError, request, reply) => {
    const fault = asFault(thrown);
    logFault(log, fault, request);
    return sendProblem(reply, fault);
  });
}

/** A database or store that is being restarted is back within a few seconds. */
const RETRY_AFTER_SECONDS = 2;

export function sendProblem(reply: FastifyReply, fault: Fault): FastifyReply {
  if (fault.status === 401) reply.header('www-authenticate', 'Bearer realm="frontrow"');
  const { retryAfterSeconds = fault.status === 503 ? RETRY_AFTER_SECONDS : undefined } = fault;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  return reply
    .code(fault.status)
    .type(PROBLEM_TYPE)
    .send(problemOf(fault, STATUS_CODES[fault.status], reply.request.id));
}

/** Refusals that fastify makes before any route or handler is found, such as of a path with a lone percent sign. */
export function answerUnroutable(thrown: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(reply, asFault(thrown));
}

/** Bytes that are no HTTP never become a request: their answer is written onto the socket. */
export function answerUnreadable(cause: NodeJS.ErrnoException, socket: Socket): void {
  if (cause.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const fault = new Fault('INVALID_REQUEST', { cause });
  const reason = STATUS_CODES[fault.status];
  const body = JSON.stringify(problemOf(fault, reason));
  const head = [
    `HTTP/1.1 ${fault.status} ${reason}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function asFault(thrown: FastifyError): Fault {
  if (thrown.validation) {
    const errors = fieldErrors(thrown);
    const says = errors[0]?.says;
    return new Fault('INVALID_REQUEST', { ...(says === undefined ? {} : { says }), errors, cause: thrown });
  }
  return listenerFault(thrown);
}

const MAX_FIELD_ERRORS = 20;
/** Names of fields that nobody has foreseen are the caller's own words. */
const MAX_FIELD_LENGTH = 200;

/** What the schema says against a request: each field once, such as "body.title must not have more than 200 characters". */
function fieldErrors({ validation = [], validationContext }: FastifyError): FieldError[] {
  const byField = new Map<string, FieldError>();
  for (const { keyword, instancePath, params, message } of validation) {
    // Each field that is too many is told of by itself.
    if (keyword === 'additionalProperties') continue;
    const missing = (params as { requiredProperties?: string[] }).requiredProperties?.[0];
    const steps = [validationContext ?? 'request', ...instancePath.split('/').slice(1), ...(missing ? [missing] : [])];
    const field = writeField(steps).slice(0, MAX_FIELD_LENGTH);
    if (byField.size >= MAX_FIELD_ERRORS || byField.has(field)) continue;
    byField.set(field, { field, says: `${field} ${predicateOf(keyword, missing, message)}.` });
  }
  return [...byField.values()];
}

function predicateOf(keyword: string, missing: string | undefined, message = 'is not valid'): string {
  if (missing) return 'is missing';
  return keyword === 'boolean' ? 'is not a field of this operation' : message;
}

/** `body.origins[0].id` */
function writeField(steps: readonly string[]): string {
  return steps.map((step, at) => (/^\d+$/.test(step) ? `[${step}]` : `${at === 0 ? '' : '.'}${step}`)).join('');
}

function logFault(log: Log, fault: Fault, request: FastifyRequest): void {
  const fields = {
    requestId: request.id,
    code: fault.code,
    method: request.method,
    route: request.routeOptions.url,
    ...fault.detail,
    ...(fault.side === 'viewer' ? {} : { err: fault.cause ?? fault }),
  };
  if (fault.side === 'ours') log.error(fields, 'request failed');
  else if (fault.side === 'upstream') log.warn(fields, 'request failed upstream');
  else log.debug(fields, 'request refused');
}
