import { Type } from '@fastify/type-provider-typebox';
import { EVENTS } from '../../kernel/event-types.ts';

const Time = Type.String({ format: 'date-time' });

const EventName = Type.Enum([...EVENTS]);
const Url = Type.String({
  minLength: 1,
  maxLength: 2_000,
  description: 'An http or https URL. Redirects are not followed.',
});
const Filter = Type.Array(EventName, {
  minItems: 1,
  maxItems: EVENTS.length,
  description: 'What the endpoint hears of. Left out at creation: everything, also events that come later.',
});

export const NewWebhook = Type.Object(
  {
    url: Url,
    events: Type.Optional(Filter),
    description: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  {
    title: 'NewWebhook',
    examples: [{ url: 'https://backend.example/frontrow', events: ['asset.ready'] }],
    additionalProperties: false,
  },
);

export const WebhookChange = Type.Object(
  { url: Type.Optional(Url), events: Type.Optional(Filter), enabled: Type.Optional(Type.Boolean()) },
  { title: 'WebhookChange', examples: [{ enabled: false }], additionalProperties: false, minProperties: 1 },
);

export const WebhookSchema = Type.Object(
  {
    webhookId: Type.String(),
    url: Type.String(),
    events: Type.Array(EventName),
    description: Type.Optional(Type.String()),
    enabled: Type.Boolean({ description: 'False after an answer of 410, or by hand: nothing is sent then.' }),
    secret: Type.Optional(
      Type.String({ description: 'What messages are signed with. Only in the answer that made the webhook.' }),
    ),
    createdAt: Time,
  },
  { title: 'Webhook' },
);

export const DeliverySchema = Type.Object(
  {
    deliveryId: Type.String(),
    webhookId: Type.String(),
    eventId: Type.String(),
    type: Type.Enum([...EVENTS, 'ping']),
    status: Type.Enum(['pending', 'delivered', 'failed']),
    attempts: Type.Integer(),
    responseStatus: Type.Optional(Type.Integer({ description: 'What the endpoint answered last.' })),
    failure: Type.Optional(
      Type.String({ description: 'Why the last attempt got no answer: a code of docs/errors.md.' }),
    ),
    nextAttemptAt: Type.Optional(Time),
    createdAt: Time,
    updatedAt: Time,
  },
  { title: 'Delivery' },
);

export const DeliveryPage = Type.Object({
  items: Type.Array(DeliverySchema),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});
