import { Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { BroadcastRepository } from '../../database/broadcasts.ts';
import type { Broadcast, LiveStream } from '../../database/live-stream-rows.ts';
import type { LiveStreamRepository } from '../../database/live-streams.ts';
import { holdsScope } from '../../kernel/access/api-token.ts';
import { Fault } from '../../kernel/errors.ts';
import type { LiveStreams } from '../live/live-streams.ts';
import {
  BroadcastPage,
  type LiveStreamBody,
  LiveStreamChangeBody,
  LiveStreamPage,
  LiveStreamSchema,
  NewLiveStreamBody,
} from '../live/schemas.ts';
import { viewBroadcast } from '../live/view.ts';
import { parseCursor, writeCursor } from '../paging.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { Page, PROBLEMS } from '../schemas.ts';

const tags = ['live'];
const Id = Type.Object({ streamId: Type.String({ maxLength: 100 }) });
/** Kept neither by the audit log nor as an answer. */
const secretFields = ['streamKey'];

export interface LiveRouteParts extends Pick<RouteParts, 'requires'> {
  readonly live: LiveStreams;
  readonly streams: LiveStreamRepository;
  readonly broadcasts: BroadcastRepository;
  readonly view: (stream: LiveStream, broadcast: Broadcast | undefined) => LiveStreamBody;
}

export function liveStreamRoutes(app: ControlApp, parts: LiveRouteParts): void {
  readRoutes(app, parts);
  changeRoutes(app, parts);
}

function readRoutes(app: ControlApp, parts: LiveRouteParts): void {
  const { live, streams, broadcasts, view } = parts;
  const read = parts.requires('live:read');

  app.get(
    '/v1/live-streams',
    {
      onRequest: read,
      schema: {
        operationId: 'listLiveStreams',
        summary: 'List live streams',
        description: 'Newest first, a page at a time, without their stream keys.',
        tags,
        querystring: Page,
        response: { 200: LiveStreamPage, ...PROBLEMS },
      },
    },
    async ({ query }) => {
      const limit = query.limit ?? 50;
      const found = await streams.list(limit + 1, query.cursor === undefined ? undefined : parseCursor(query.cursor));
      const page = found.slice(0, limit);
      const latest = await broadcasts.latestOf(page.map(({ id }) => id));
      const last = page.at(-1);
      const items = page.map((stream) => view(stream, latest.get(stream.id)));
      return { items, nextCursor: found.length > limit && last ? writeCursor(last) : null };
    },
  );

  app.get(
    '/v1/live-streams/:streamId',
    {
      onRequest: read,
      schema: {
        operationId: 'getLiveStream',
        summary: 'Show a live stream',
        description: 'With its last broadcast and the health of its source; with its stream key for who may change it.',
        tags,
        params: Id,
        response: { 200: LiveStreamSchema, ...PROBLEMS },
      },
    },
    async (request) => shown(parts, await live.known(request.params.streamId), request),
  );

  app.get(
    '/v1/live-streams/:streamId/broadcasts',
    {
      onRequest: read,
      schema: {
        operationId: 'listBroadcasts',
        summary: 'List the broadcasts of a live stream',
        description: 'Newest first, a page at a time, with the assets that they became.',
        tags,
        params: Id,
        querystring: Page,
        response: { 200: BroadcastPage, ...PROBLEMS },
      },
    },
    async ({ params, query }) => {
      const { id } = await live.known(params.streamId);
      const limit = query.limit ?? 50;
      const found = await broadcasts.list(
        id,
        limit + 1,
        query.cursor === undefined ? undefined : numberOf(query.cursor),
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = found.length > limit && last ? writeCursor({ createdAtMs: last.number, id }) : null;
      return { items: page.map(viewBroadcast), nextCursor };
    },
  );
}

function changeRoutes(app: ControlApp, parts: LiveRouteParts): void {
  const { live, broadcasts, view } = parts;
  const write = parts.requires('live:write');

  app.post(
    '/v1/live-streams',
    {
      onRequest: write,
      config: { secretFields },
      schema: {
        operationId: 'createLiveStream',
        summary: 'Make a live stream',
        description:
          'An address that can be published to again and again, with its stream key and where to publish. `CONFLICT` (409) where there are 10,000.',
        tags,
        body: NewLiveStreamBody,
        response: { 201: LiveStreamSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const stream = await live.create(request.body);
      return reply.code(201).send(await shown(parts, stream, request));
    },
  );

  app.patch(
    '/v1/live-streams/:streamId',
    {
      onRequest: write,
      config: { secretFields },
      schema: {
        operationId: 'editLiveStream',
        summary: 'Change a live stream',
        description:
          'What is left out stays as it is. Title, policy and chat count at once, and disabling ends a broadcast under way; all else counts from the next broadcast on.',
        tags,
        params: Id,
        body: LiveStreamChangeBody,
        response: { 200: LiveStreamSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const stream = await live.known(request.params.streamId);
      request.audit.about({ before: view(stream, await broadcasts.latest(stream.id)) });
      await live.change(stream, request.body);
      return shown(parts, await live.known(stream.id), request);
    },
  );

  app.delete(
    '/v1/live-streams/:streamId',
    {
      onRequest: write,
      schema: {
        operationId: 'deleteLiveStream',
        summary: 'Delete a live stream',
        description:
          'Ends a broadcast under way, and is gone for viewers of every edge within two seconds. What was recorded stays.',
        tags,
        params: Id,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params, audit }, reply) => {
      const stream = await live.known(params.streamId);
      audit.about({ before: view(stream, await broadcasts.latest(stream.id)) });
      await live.remove(stream);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/v1/live-streams/:streamId/end',
    {
      onRequest: write,
      config: { secretFields },
      schema: {
        operationId: 'endBroadcast',
        summary: 'End the broadcast under way',
        description:
          'Publishers are sent away, and viewers get to the end of the playlist. The stream can go live again. `LIVE_STREAM_IDLE` (409) while nothing is broadcast, `LIVE_NODE_AWAY` (502) where the node of the stream does not answer.',
        tags,
        params: Id,
        response: { 200: LiveStreamSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const stream = await live.known(request.params.streamId);
      await live.end(stream);
      return shown(parts, await live.known(stream.id), request);
    },
  );

  app.post(
    '/v1/live-streams/:streamId/stream-key',
    {
      onRequest: write,
      config: { secretFields },
      schema: {
        operationId: 'renewStreamKey',
        summary: 'Make a new stream key',
        description:
          'The old one stops at once; a publisher who came in by it is sent away and may come back with the new. After `LIVE_NODE_AWAY` (502) the new key counts all the same, and the node sends the publisher away when it hears of it.',
        tags,
        params: Id,
        response: { 200: LiveStreamSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const stream = await live.known(request.params.streamId);
      await live.renewKey(stream);
      return shown(parts, await live.known(stream.id), request);
    },
  );
}

/** With its key, for who may change it. */
async function shown(
  { streams, broadcasts, view }: LiveRouteParts,
  stream: LiveStream,
  { bearer }: FastifyRequest,
): Promise<LiveStreamBody> {
  const body = view(stream, await broadcasts.latest(stream.id));
  if (!bearer || !holdsScope(bearer.scopes, 'live:write')) return body;
  const streamKey = (await streams.streamKeys([stream.id])).get(stream.id);
  return { ...body, ...(streamKey === undefined ? {} : { streamKey }) };
}

/** @throws Fault INVALID_REQUEST */
function numberOf(cursor: string): number {
  const { createdAtMs: number } = parseCursor(cursor);
  if (number < 1) throw new Fault('INVALID_REQUEST', { says: 'querystring.cursor is not a cursor of this list.' });
  return number;
}
