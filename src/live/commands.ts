import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import type { LiveCommand } from '../kernel/live/commands.ts';
import { type DateRange, LONGEST_DATE_RANGE_TEXT } from '../kernel/live/date-range.ts';
import type { BroadcastDesk } from './broadcast/desk.ts';
import type { LiveChannels } from './channel/live-channels.ts';

export interface CommandParts {
  readonly desk: Pick<BroadcastDesk, 'end' | 'expel' | 'yield'>;
  readonly channels: Pick<LiveChannels, 'tellMetadata' | 'deleteMessage' | 'ban' | 'unban' | 'setChat'>;
  readonly onAir: { find(streamId: string): { annotate(range: DateRange): Promise<boolean> } | undefined };
  readonly clock: Clock;
}

/** What EXT-X-DATERANGE calls timed metadata. */
const METADATA_CLASS = 'com.frontrow.metadata';

/** Hands a command to the part of the role that it is for. @throws Fault LIVE_STREAM_IDLE, LIVE_STREAM_BUSY */
export async function carryOut(parts: CommandParts, streamId: string, command: LiveCommand): Promise<void> {
  const { desk, channels } = parts;
  switch (command.kind) {
    case 'end':
      if (!(await desk.end(streamId, command.reason))) throw new Fault('LIVE_STREAM_IDLE');
      return;
    case 'expel':
      return desk.expel(streamId);
    case 'yield':
      return desk.yield(streamId);
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
  const text = JSON.stringify(data);
  // What the playlists cannot afford goes by the channel alone: half of a text would be none.
  if (text.length <= LONGEST_DATE_RANGE_TEXT) {
    const isKept = await packager.annotate({ id, class: METADATA_CLASS, startsAtMs: clock.now(), text });
    if (!isKept) throw new Fault('LIVE_STREAM_IDLE');
  }
  await channels.tellMetadata(streamId, id, data);
}
