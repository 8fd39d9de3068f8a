import { STATUS_CODES } from 'node:http';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { Fault } from '../../kernel/errors.ts';
import { listenerFault } from '../../kernel/listener-fault.ts';
import { PROBLEM_TYPE, problemOf } from '../../kernel/problem.ts';
import type { Invalidations } from '../invalidation/invalidations.ts';
import type { Inspection } from './inspect.ts';
import type { Names } from './names.ts';
import { parseOrder, parseQuestion, type Question } from './order.ts';

export interface OperatorParts {
  readonly names: Names;
  readonly invalidations: Invalidations;
  readonly inspect: (question: Question) => Promise<Inspection>;
  /** Resolves when what an earlier process left is known: until then questions wait. */
  readonly ready: Promise<unknown>;
}

/** A few thousand paths. */
const BODY_BYTES = 1_048_576;

/** What an operator may ask of one process of an edge. Who may ask is settled by where it listens. */
export function operatorApi({ names, invalidations, inspect, ready }: OperatorParts): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: BODY_BYTES });
  answerProblems(app);
  app.addHook('onRequest', async () => {
    await ready;
  });
  app.get('/invalidations', async () => invalidations.state);
  app.post('/invalidations', async ({ body }) => {
    const { targets, soft, dryRun, maxKeys } = parseOrder(body, names);
    if (dryRun) return { dryRun, ...(await invalidations.survey(targets, maxKeys)) };
    const sequence = await invalidations.invalidate(targets, soft);
    return { sequence, soft, targets: targets.map(({ text }) => text) };
  });
  app.get('/inspect', async ({ query }) => inspect(parseQuestion(query, names)));
  return app;
}

export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((thrown: FastifyError, _request, reply) => {
    const fault = listenerFault(thrown);
    return reply.code(fault.status).type(PROBLEM_TYPE).send(problemOf(fault, STATUS_CODES[fault.status]));
  });
  app.setNotFoundHandler(() => {
    throw new Fault('NOT_FOUND');
  });
}
