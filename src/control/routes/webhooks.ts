import { Type } from '@fastify/type-provider-typebox';
import type { Delivery, DeliveryRepository } from '../../database/webhook-deliveries.ts';
import type { Webhook, WebhookRepository } from '../../database/webhooks.ts';
import { Fault } from '../../kernel/errors.ts';
import { EVENTS } from '../../kernel/event-types.ts';
import { newId } from '../../kernel/ids.ts';
import type { Queue } from '../../queue/queue.ts';
import { WORK } from '../../queue/signals.ts';
import { parseCursor, writeCursor } from '../paging.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { Page, PROBLEMS } from '../schemas.ts';
import { DeliveryPage, DeliverySchema, NewWebhook, WebhookChange, WebhookSchema } from '../webhooks/schemas.ts';
import { parseEndpoint } from '../webhooks/send.ts';
import { newWebhookSecret } from '../webhooks/signature.ts';

/** Every event is looked at for every endpoint; nobody has met a use for more. */
const MAX_WEBHOOKS = 100;

const tags = ['webhooks'];
const Id = Type.Object({ webhookId: Type.String({ maxLength: 100 }) });
const DeliveryId = Type.Object({
  webhookId: Type.String({ maxLength: 100 }),
  deliveryId: Type.String({ maxLength: 100 }),
});

export interface WebhookRouteParts extends Pick<RouteParts, 'requires' | 'signals'> {
  readonly webhooks: WebhookRepository;
  readonly deliveries: DeliveryRepository;
  readonly queue: Pick<Queue, 'cancel'>;
  readonly allowPrivate: boolean;
}

export function webhookRoutes(app: ControlApp, parts: WebhookRouteParts): void {
  endpointRoutes(app, parts);
  deliveryRoutes(app, parts);
}

function endpointRoutes(app: ControlApp, { webhooks, queue, allowPrivate, requires }: WebhookRouteParts): void {
  const read = requires('webhooks:read');
  const write = requires('webhooks:write');

  app.post(
    '/v1/webhooks',
    {
      onRequest: write,
      config: { secretFields: ['secret'] },
      schema: {
        operationId: 'createWebhook',
        summary: 'Add a webhook',
        description: 'The answer shows its secret this once. An endpoint that names no events is told of all.',
        tags,
        body: NewWebhook,
        response: { 201: WebhookSchema, ...PROBLEMS },
      },
    },
    async ({ body }, reply) => {
      parseEndpoint(body.url, allowPrivate);
      const secret = newWebhookSecret();
      const webhook = await webhooks.add({ ...body, id: newId('wh'), secret }, MAX_WEBHOOKS);
      if (!webhook) throw new Fault('CONFLICT', { says: `A server keeps at most ${MAX_WEBHOOKS} webhooks.` });
      return reply.code(201).send({ ...viewWebhook(webhook), secret });
    },
  );

  app.get(
    '/v1/webhooks',
    {
      onRequest: read,
      schema: {
        operationId: 'listWebhooks',
        summary: 'List webhooks',
        description: 'Without their secrets.',
        tags,
        response: { 200: Type.Object({ items: Type.Array(WebhookSchema) }), ...PROBLEMS },
      },
    },
    async () => ({ items: (await webhooks.list()).map(viewWebhook) }),
  );

  app.get(
    '/v1/webhooks/:webhookId',
    {
      onRequest: read,
      schema: {
        operationId: 'getWebhook',
        summary: 'Show a webhook',
        description: 'Without its secret.',
        tags,
        params: Id,
        response: { 200: WebhookSchema, ...PROBLEMS },
      },
    },
    async ({ params }) => viewWebhook(known(await webhooks.find(params.webhookId))),
  );

  app.patch(
    '/v1/webhooks/:webhookId',
    {
      onRequest: write,
      schema: {
        operationId: 'editWebhook',
        summary: 'Change a webhook',
        description: 'What is left out stays as it is. A disabled endpoint is told nothing, later neither.',
        tags,
        params: Id,
        body: WebhookChange,
        response: { 200: WebhookSchema, ...PROBLEMS },
      },
    },
    async ({ params, body, audit }) => {
      if (body.url !== undefined) parseEndpoint(body.url, allowPrivate);
      audit.about({ before: viewWebhook(known(await webhooks.find(params.webhookId))) });
      return viewWebhook(known(await webhooks.edit(params.webhookId, body)));
    },
  );

  app.delete(
    '/v1/webhooks/:webhookId',
    {
      onRequest: write,
      schema: {
        operationId: 'deleteWebhook',
        summary: 'Delete a webhook',
        description: 'What was not delivered yet is given up.',
        tags,
        params: Id,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params, audit }, reply) => {
      audit.about({ before: viewWebhook(known(await webhooks.find(params.webhookId))) });
      // The row goes first: a job that a crash leaves behind finds its delivery gone and ends.
      if (!(await webhooks.delete(params.webhookId))) throw unknown();
      await queue.cancel(params.webhookId);
      return reply.code(204).send(null);
    },
  );
}

function deliveryRoutes(app: ControlApp, { webhooks, deliveries, signals, requires }: WebhookRouteParts): void {
  const write = requires('webhooks:write');

  app.get(
    '/v1/webhooks/:webhookId/deliveries',
    {
      onRequest: requires('webhooks:read'),
      schema: {
        operationId: 'listDeliveries',
        summary: 'List what a webhook was sent',
        description: 'Newest first, a page at a time.',
        tags,
        params: Id,
        querystring: Page,
        response: { 200: DeliveryPage, ...PROBLEMS },
      },
    },
    async ({ params, query }) => {
      const { id } = known(await webhooks.find(params.webhookId));
      const limit = query.limit ?? 50;
      const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
      const found = await deliveries.list(id, limit + 1, after);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return { items: items.map(viewDelivery), nextCursor: found.length > limit && last ? writeCursor(last) : null };
    },
  );

  app.post(
    '/v1/webhooks/:webhookId/deliveries/:deliveryId/replay',
    {
      onRequest: write,
      schema: {
        operationId: 'replayDelivery',
        summary: 'Deliver an event again',
        tags,
        description: 'Sends the event of a delivery once more, as a delivery of its own. The event keeps its id.',
        params: DeliveryId,
        response: { 202: DeliverySchema, ...PROBLEMS },
      },
    },
    async ({ params }, reply) => {
      const { id } = await enabled(params.webhookId);
      const delivery = await deliveries.replay(id, params.deliveryId);
      if (!delivery) throw new Fault('NOT_FOUND', { says: 'This webhook has no delivery with this id.' });
      signals.notify(WORK);
      return reply.code(202).send(viewDelivery(delivery));
    },
  );

  app.post(
    '/v1/webhooks/:webhookId/test',
    {
      onRequest: write,
      schema: {
        operationId: 'testWebhook',
        summary: 'Send a test event',
        tags,
        description: 'Sends a `ping`, whatever the endpoint listens to.',
        params: Id,
        response: { 202: DeliverySchema, ...PROBLEMS },
      },
    },
    async ({ params }, reply) => {
      const { id } = await enabled(params.webhookId);
      const delivery = await deliveries.ping(id);
      if (!delivery) throw unknown();
      signals.notify(WORK);
      return reply.code(202).send(viewDelivery(delivery));
    },
  );

  /** @throws Fault NOT_FOUND or WEBHOOK_DISABLED */
  async function enabled(webhookId: string): Promise<Webhook> {
    const webhook = known(await webhooks.find(webhookId));
    if (!webhook.enabled) throw new Fault('WEBHOOK_DISABLED');
    return webhook;
  }
}

/** @throws Fault NOT_FOUND */
function known(webhook: Webhook | undefined): Webhook {
  if (!webhook) throw unknown();
  return webhook;
}

function unknown(): Fault {
  return new Fault('NOT_FOUND', { says: 'There is no webhook with this id.' });
}

function viewWebhook(webhook: Webhook) {
  const { id, url, events, description, enabled, createdAtMs } = webhook;
  return {
    webhookId: id,
    url,
    events: [...(events ?? EVENTS)],
    ...(description === undefined ? {} : { description }),
    enabled,
    createdAt: new Date(createdAtMs).toISOString(),
  };
}

function viewDelivery(delivery: Delivery) {
  const { id, webhookId, eventId, eventType, status, attempts, responseStatus, failure, nextAttemptAtMs } = delivery;
  return {
    deliveryId: id,
    webhookId,
    eventId,
    type: eventType,
    status,
    attempts,
    ...(responseStatus === undefined ? {} : { responseStatus }),
    ...(failure === undefined ? {} : { failure }),
    ...(nextAttemptAtMs === undefined ? {} : { nextAttemptAt: new Date(nextAttemptAtMs).toISOString() }),
    createdAt: new Date(delivery.createdAtMs).toISOString(),
    updatedAt: new Date(delivery.updatedAtMs).toISOString(),
  };
}
