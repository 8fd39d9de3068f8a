import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault, type FaultCode } from '../kernel/errors.ts';
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
  if (fault.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
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

/** Which of our codes each of fastify's own refusals is. */
const FASTIFY_CODES: Readonly<Record<string, FaultCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'INVALID_REQUEST',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_REQUEST',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_REQUEST',
  FST_ERR_BAD_URL: 'INVALID_REQUEST',
  FST_ERR_ASYNC_CONSTRAINT: 'INVALID_REQUEST',
};

function asFault(thrown: FastifyError): Fault {
  if (thrown instanceof Fault) return thrown;
  if (thrown.validation) return new Fault('INVALID_REQUEST', { says: invalidField(thrown), cause: thrown });
  const code = FASTIFY_CODES[thrown.code];
  if (code) return new Fault(code, { cause: thrown });
  // A plugin's own 4xx (a range that cannot be satisfied, a bad path) is the caller's doing whatever its name is.
  if (thrown.statusCode === 404) return new Fault('NOT_FOUND', { cause: thrown });
  if (thrown.statusCode !== undefined && thrown.statusCode >= 400 && thrown.statusCode < 500)
    return new Fault('INVALID_REQUEST', { cause: thrown });
  return Fault.from(thrown);
}

/** Such as "body.title must not have more than 200 characters". */
function invalidField(error: FastifyError): string {
  const first = error.validation?.[0];
  const missing = (first?.params as { requiredProperties?: string[] } | undefined)?.requiredProperties?.[0];
  const path = [error.validationContext, ...(first?.instancePath.split('/').filter(Boolean) ?? []), missing];
  const field = path.filter((part) => part !== undefined).join('.');
  return missing ? `${field} is missing.` : `${field} ${first?.message ?? 'is not valid'}.`;
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
