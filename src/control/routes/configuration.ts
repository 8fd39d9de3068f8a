import { Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../kernel/errors.ts';
import { answerOf, TYPES, viewChanged, viewDocument } from '../distributions/answers.ts';
import type { Changed, Configurations, Record as Recorded } from '../distributions/configurations.ts';
import { writeEtag } from '../distributions/preconditions.ts';
import { RESOURCES, type Resource } from '../distributions/resources.ts';
import { parseCursor, writeCursor } from '../paging.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { Page, PROBLEMS } from '../schemas.ts';

export interface ConfigurationRouteParts extends Pick<RouteParts, 'requires'> {
  readonly configurations: Configurations;
}

/** The same five operations for every kind of document. */
export function configurationRoutes(app: ControlApp, parts: ConfigurationRouteParts): void {
  for (const resource of RESOURCES) {
    readRoutes(app, parts, resource);
    writeRoutes(app, parts, resource);
  }
}

const Id = Type.Object({
  id: Type.String({ maxLength: 100, description: 'Such as stands in the answer that made it.' }),
});
const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({ maxLength: 200, description: 'The ETag with which it was read. Required.', examples: ['"17"'] }),
  ),
});
const Filter = Type.Object({
  ...Page.properties,
  type: Type.Optional(Type.Enum([...TYPES], { description: 'Managed policies alone, or those of your own.' })),
});

function readRoutes(app: ControlApp, { configurations, requires }: ConfigurationRouteParts, resource: Resource): void {
  const { path, names, noun, tag } = resource;
  const read = requires(`${resource.scope}:read`);
  const hasManaged = resource.scope === 'policies';

  app.get(
    `/v1/${path}`,
    {
      onRequest: read,
      schema: {
        operationId: `list${names[1]}`,
        summary: `List ${plural(noun)}`,
        tags: [tag],
        description: `Newest first. ${LISTED[resource.scope]}`,
        querystring: hasManaged ? Filter : Page,
        response: {
          200: Type.Object({
            items: Type.Array(answerOf(resource)),
            nextCursor: Type.Union([Type.String(), Type.Null()]),
          }),
          ...PROBLEMS,
        },
      },
    },
    async ({ query }) => {
      const limit = query.limit ?? 50;
      const found = await configurations.list(resource, {
        limit: limit + 1,
        ...(query.cursor === undefined ? {} : { after: parseCursor(query.cursor) }),
        ...('type' in query && query.type !== undefined ? { type: query.type as 'managed' | 'custom' } : {}),
        tags: tagsAskedFor(query),
      });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return { items: items.map(viewDocument), nextCursor: found.length > limit && last ? writeCursor(last) : null };
    },
  );

  app.get(
    `/v1/${path}/:id`,
    {
      onRequest: read,
      schema: {
        operationId: `get${names[0]}`,
        summary: `Show ${article(noun)}`,
        description: `${resource.about} With everything filled in, and with what may not be meant.`,
        tags: [tag],
        params: Id,
        response: { 200: answerOf(resource), ...PROBLEMS },
      },
    },
    async ({ params }, reply) => {
      const document = await configurations.find(resource, params.id);
      if (!document) throw new Fault('NOT_FOUND', { says: `There is no ${noun} with this id.` });
      reply.header('etag', writeEtag(document.revision));
      return { ...viewDocument(document), warnings: await configurations.warnings(resource, document) };
    },
  );
}

/** What else there is to say of lists. */
const LISTED = {
  distributions: '`tag.NAME=VALUE` in the query finds distributions with this tag.',
  policies: 'Managed policies stand at the end.',
  keys: 'Keys that stand at a JWKS URL are not shown.',
} as const;

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

function plural(noun: string): string {
  return `${noun.replace(/y$/, 'ie')}s`;
}

function writeRoutes(app: ControlApp, { configurations, requires }: ConfigurationRouteParts, resource: Resource): void {
  const { path, names, tag, noun, body } = resource;
  const write = requires(`${resource.scope}:write`);
  const answer = answerOf(resource);
  // What an origin is told in a field of its own is often what it knows the edge by.
  const config = { secretFields: ['secretAccessKey', 'headerValue'] };

  app.post(
    `/v1/${path}`,
    {
      onRequest: write,
      config,
      schema: {
        operationId: `create${names[0]}`,
        summary: `Make ${article(noun)}`,
        description: `${resource.about} What is left out is filled in. What would not work is refused, field by field.`,
        tags: [tag],
        body,
        response: { 201: answer, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const made = await configurations.create(resource, request.body, recorded(request));
      reply.code(201).header('location', `/v1/${path}/${made.document.id}`);
      return sendChanged(reply, made);
    },
  );

  app.put(
    `/v1/${path}/:id`,
    {
      onRequest: write,
      config,
      schema: {
        operationId: `replace${names[0]}`,
        summary: `Change ${article(noun)}`,
        description: 'Takes the whole document: what is left out is filled in anew. Edges have it within a second.',
        tags: [tag],
        params: Id,
        headers: IfMatch,
        body,
        response: { 200: answer, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const target = { id: request.params.id, ifMatch: request.headers['if-match'] };
      return sendChanged(reply, await configurations.replace(resource, target, request.body, recorded(request)));
    },
  );

  app.delete(
    `/v1/${path}/:id`,
    {
      onRequest: write,
      config,
      schema: {
        operationId: `delete${names[0]}`,
        summary: `Delete ${article(noun)}`,
        description: 'At once. What a distribution still names is refused.',
        tags: [tag],
        params: Id,
        headers: IfMatch,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const target = { id: request.params.id, ifMatch: request.headers['if-match'] };
      await configurations.delete(resource, target, recorded(request));
      return reply.code(204).send(null);
    },
  );
}

/** The audit log's record of a change, written with it. */
function recorded({ audit }: FastifyRequest): Recorded {
  return ({ before, after }, trx) => {
    const id = (before ?? after?.document)?.id;
    const change = {
      ...(id === undefined ? {} : { id }),
      ...(before ? { before: viewDocument(before) } : {}),
      ...(after ? { after: viewDocument(after.document) } : {}),
    };
    return audit.record(change, trx);
  };
}

function sendChanged(reply: FastifyReply, changed: Changed) {
  return reply.header('etag', writeEtag(changed.document.revision)).send(viewChanged(changed));
}

const TAG = 'tag.';

/** `tag.team=shop` in a query. */
function tagsAskedFor(query: object): ReadonlyMap<string, string> {
  const tags = Object.entries(query).filter(([name]) => name.startsWith(TAG));
  return new Map(tags.map(([name, value]) => [name.slice(TAG.length), String(value)]));
}
