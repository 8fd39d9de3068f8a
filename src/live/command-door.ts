import type { FastifyInstance } from 'fastify';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import { isId } from '../kernel/ids.ts';
import { COMMAND_SIGNATURE_HEADER, verifyCommand } from '../kernel/live/command-signature.ts';
import { type LiveCommand, liveCommandPath, parseLiveCommand } from '../kernel/live/commands.ts';

export interface CommandDoorParts {
  readonly edgeSecret: string;
  readonly clock: Clock;
  /**
   * Does what control asks. A command that came once may come again, when its answer was lost.
   * @throws Fault LIVE_STREAM_IDLE when it needs a broadcast and there is none here
   */
  readonly carryOut: (streamId: string, command: LiveCommand) => Promise<void>;
}

/** Far above the largest command. */
const BODY_BYTES = 16 * 1024;

/** `POST /live/{streamId}/commands` on the listener of this node's origin. */
export async function mountCommands(origin: FastifyInstance, parts: CommandDoorParts): Promise<void> {
  await origin.register(async (app) => {
    // As text: the signature is of the bytes that were sent.
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    app.post<{ Params: { streamId: string }; Body: string }>(
      liveCommandPath(':streamId'),
      { bodyLimit: BODY_BYTES, config: { isSignedOtherwise: true } },
      async ({ params: { streamId }, body, headers, url }, reply) => {
        const signature = headers[COMMAND_SIGNATURE_HEADER];
        const value = typeof signature === 'string' ? signature : undefined;
        const isControl = verifyCommand(parts.edgeSecret, url, String(body), value, parts.clock.now());
        if (!isControl) throw new Fault('COMMAND_SIGNATURE_INVALID');
        const command = parseLiveCommand(body);
        if (!command) throw new Fault('INVALID_REQUEST');
        if (!isId(streamId, 'ls')) throw new Fault('NOT_FOUND');
        await parts.carryOut(streamId, command);
        return reply.code(204).send();
      },
    );
  });
}
