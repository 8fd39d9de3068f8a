import { Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kernel/errors.ts';
import type { ControlApp } from '../parts.ts';

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
    { ...open, schema: { operationId: 'live', tags, security: [], response: { 200: Health } } },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/health/ready',
    { ...open, schema: { operationId: 'ready', tags, security: [], response: { 200: Health } } },
    async () => {
      for (const [part, probe] of Object.entries(parts.probes)) {
        await probe().catch((cause: unknown) => {
          throw new Fault('UNAVAILABLE', { says: `The ${part} does not answer.`, cause });
        });
      }
      return { status: 'ok' as const };
    },
  );

  app.get('/metrics', { ...open, schema: { operationId: 'metrics', tags, security: [] } }, async (_request, reply) =>
    reply.type(parts.metrics.contentType).send(await parts.metrics.text()),
  );
}
