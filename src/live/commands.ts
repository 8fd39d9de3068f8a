import type { FastifyInstance } from 'fastify';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import { COMMAND_SIGNATURE_HEADER, verifyCommand } from '../kernel/live/command-signature.ts';
import { type LiveCommand, liveCommandPath, parseLiveCommand } from '../kernel/live/commands.ts';
import type { BroadcastDesk } from './broadcast/desk.ts';
import type { LiveChannels } from './channel/live-channels.ts';
import type { OnAir } from './on-air.ts';

export interface CommandParts {
  readonly desk: Pick<BroadcastDesk, 'end' | 'expel'>;
  readonly channels: Pick<LiveChannels, 'tellMetadata' | 'deleteMessage' | 'ban' | 'unban' | 'setChat'>;
  readonly onAir: Pick<OnAir, 'find'>;
  readonly edgeSecret: string;
  readonly clock: Clock;
}

const MAX_BODY_BYTES = 16_384;

/** What EXT-X-DATERANGE calls timed metadata. */
const METADATA_CLASS = 'dev.frontrow.metadata';

/** `POST /live/{streamId}/commands`: what control asks of the node that has a stream. */
export function mountCommands(app: FastifyInstance, parts: CommandParts): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    scope.post<{ Params: { streamId: string }; Body: string }>(
      liveCommandPath(':streamId'),
      { config: { isSignedOtherwise: true }, bodyLimit: MAX_BODY_BYTES },
      async (request, reply) => {
        const value = request.headers[COMMAND_SIGNATURE_HEADER];
        const signature = typeof value === 'string' ? value : undefined;
        const target = request.raw.url ?? '';
        if (!verifyCommand(parts.edgeSecret, target, request.body, signature, parts.clock.now())) {
          throw new Fault('COMMAND_SIGNATURE_INVALID');
        }
        const command = parseLiveCommand(request.body);
        if (!command) throw new Fault('INVALID_REQUEST');
        await obey(parts, request.params.streamId, command);
        return reply.code(204).send();
      },
    );
  });
}

async function obey(parts: CommandParts, streamId: string, command: LiveCommand): Promise<void> {
  const { desk, channels } = parts;
  switch (command.kind) {
    case 'end':
      if (!(await desk.end(streamId, command.reason))) throw new Fault('LIVE_STREAM_IDLE');
      return;
    case 'expel':
      return desk.expel(streamId);
    case 'metadata':
      return tellMetadata(parts, streamId, command.id, command.data);
    case 'chat-delete':
      return channels.deleteMessage(streamId, command.messageId);
    case 'chat-ban':
      return channels.ban(streamId, command.authorId, command.seconds);
    case 'chat-unban':
      return channels.unban(streamId, command.authorId);
    case 'chat-settings':
      return channels.setChat(streamId, command.chat);
  }
}

/** At the moment that is being published now, in the channel and in the playlists. */
async function tellMetadata(
  { channels, onAir, clock }: CommandParts,
  streamId: string,
  id: string,
  data: unknown,
): Promise<void> {
  const packager = onAir.find(streamId);
  if (!packager) throw new Fault('LIVE_STREAM_IDLE');
  packager.annotate({ id, class: METADATA_CLASS, startsAtMs: clock.now(), text: JSON.stringify(data) });
  await channels.tellMetadata(streamId, id, data);
}
