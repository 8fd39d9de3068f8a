import { Type } from '@fastify/type-provider-typebox';
import { Fault } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { isMetadata, MAX_METADATA_BYTES } from '../../kernel/live/commands.ts';
import type { CommandSender } from '../../outbound/command-sender.ts';
import type { LiveStreams } from '../live/live-streams.ts';
import { AuthorId, ChatBanSchema, MetadataSchema, NewChatBan, NewMetadata } from '../live/schemas.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { PROBLEMS } from '../schemas.ts';

const tags = ['live'];
const StreamId = Type.String({ maxLength: 100 });
const Id = Type.Object({ streamId: StreamId });

export interface LiveMomentRouteParts extends Pick<RouteParts, 'requires'> {
  readonly live: LiveStreams;
  readonly commands: CommandSender;
}

/** What is said into a broadcast, and who may not say anything in it: no row is written, the node of the stream is told. */
export function liveMomentRoutes(app: ControlApp, { live, commands, requires }: LiveMomentRouteParts): void {
  const write = requires('live:write');

  app.post(
    '/v1/live-streams/:streamId/metadata',
    {
      onRequest: write,
      schema: {
        operationId: 'addMetadata',
        summary: 'Tell viewers something at this moment of the broadcast',
        description:
          'By the channel, with the media time at which it came; what is no longer than 2,000 characters of JSON also by the playlists, as EXT-X-DATERANGE. `LIVE_STREAM_IDLE` (409) while nothing is broadcast.',
        tags,
        params: Id,
        body: NewMetadata,
        response: { 202: MetadataSchema, ...PROBLEMS },
      },
    },
    async ({ params, body }, reply) => {
      const stream = await live.known(params.streamId);
      if (!isMetadata(body.data))
        throw new Fault('INVALID_REQUEST', { says: `body.data may have ${MAX_METADATA_BYTES} bytes as JSON.` });
      if (stream.state === 'idle') throw new Fault('LIVE_STREAM_IDLE');
      const metadataId = newId('md');
      await commands.send(stream, { kind: 'metadata', id: metadataId, data: body.data });
      return reply.code(202).send({ metadataId });
    },
  );

  app.delete(
    '/v1/live-streams/:streamId/chat/messages/:messageId',
    {
      onRequest: write,
      schema: {
        operationId: 'deleteChatMessage',
        summary: 'Take back what somebody said',
        description: 'Viewers are told to show it no more, and who joins later gets it without its words.',
        tags,
        params: Type.Object({ streamId: StreamId, messageId: Type.String({ pattern: '^[\\w-]{1,64}$' }) }),
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params }, reply) => {
      const stream = await live.known(params.streamId);
      await commands.send(stream, { kind: 'chat-delete', messageId: params.messageId });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/v1/live-streams/:streamId/chat/bans',
    {
      onRequest: write,
      schema: {
        operationId: 'banChatAuthor',
        summary: 'Let somebody say nothing more in the chat',
        description: 'For a time, or until it is taken back. What was said stays until it is deleted.',
        tags,
        params: Id,
        body: NewChatBan,
        response: { 201: ChatBanSchema, ...PROBLEMS },
      },
    },
    async ({ params, body }, reply) => {
      const stream = await live.known(params.streamId);
      await commands.send(stream, { kind: 'chat-ban', ...body });
      return reply.code(201).send({ authorId: body.authorId });
    },
  );

  app.delete(
    '/v1/live-streams/:streamId/chat/bans/:authorId',
    {
      onRequest: write,
      schema: {
        operationId: 'unbanChatAuthor',
        summary: 'Let somebody speak in the chat again',
        description: 'Nothing changes for who was not banned.',
        tags,
        params: Type.Object({ streamId: StreamId, authorId: AuthorId }),
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params }, reply) => {
      const stream = await live.known(params.streamId);
      await commands.send(stream, { kind: 'chat-unban', authorId: params.authorId });
      return reply.code(204).send(null);
    },
  );
}
