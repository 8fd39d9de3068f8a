import { Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kernel/errors.ts';
import type { ControlApp } from '../parts.ts';
import { PROBLEMS } from '../schemas.ts';

export interface OperationsParts {
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** What must answer before requests make sense; each rejects when it does not. */
  readonly probes: Readonly<Record<string, () => Promise<unknown>>>;
}

const Health = Type.Object({ status: Type.Literal('ok') });
const open = { config: { rateLimit: false } as const };

export function operationsRoutes(app: ControlApp, parts: OperationsParts): void {
  const tags = ['operations'];

  app.get(
    '/health/live',
    {
      ...open,
      schema: {
        operationId: 'live',
        summary: 'Tell whether the process runs',
        description: 'Asks nothing of anybody else: for whoever restarts a process that hangs.',
        tags,
        security: [],
        response: { 200: Health, ...PROBLEMS },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/health/ready',
    {
      ...open,
      schema: {
        operationId: 'ready',
        summary: 'Tell whether requests make sense',
        description: 'Asks the database and the store: for whoever sends requests here.',
        tags,
        security: [],
        response: { 200: Health, ...PROBLEMS },
      },
    },
    async () => {
      for (const [part, probe] of Object.entries(parts.probes)) {
        await probe().catch((cause: unknown) => {
          throw new Fault('UNAVAILABLE', { says: `The ${part} does not answer.`, cause });
        });
      }
      return { status: 'ok' as const };
    },
  );

  app.get(
    '/metrics',
    {
      ...open,
      schema: {
        operationId: 'metrics',
        summary: 'Show metrics',
        description: 'In the text format of Prometheus.',
        tags,
        security: [],
        produces: ['text/plain'],
        response: { 200: Type.String(), ...PROBLEMS },
      },
    },
    async (_request, reply) => reply.type(parts.metrics.contentType).send(await parts.metrics.text()),
  );
}
