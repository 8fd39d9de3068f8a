import { readNamedLadder } from '../../config/ladders.ts';
import type { BroadcastRepository } from '../../database/broadcasts.ts';
import type { LiveStream } from '../../database/live-stream-rows.ts';
import type { LiveStreamRepository } from '../../database/live-streams.ts';
import type { Clock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/errors.ts';
import { isId, newId } from '../../kernel/ids.ts';
import type { EndReason, LiveOptions } from '../../kernel/live/live-stream.ts';
import { newStreamKey } from '../../kernel/live/stream-key.ts';
import type { Log } from '../../kernel/log.ts';
import type { CommandSender } from '../../outbound/command-sender.ts';
import type { LiveStreamChangeBody, NewLiveStreamBody } from './schemas.ts';

export interface LiveStreamsParts {
  readonly streams: LiveStreamRepository;
  readonly broadcasts: BroadcastRepository;
  readonly commands: CommandSender;
  /** Where ladders are found by their name. */
  readonly ladderFolder: string;
  readonly defaultLadder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A list that long is a mistake, and each is a row that publishers are looked up among. */
const MAX_STREAMS = 10_000;

/** What may be done with live streams from outside: rows are written here, and the node that has a stream is told. */
export class LiveStreams {
  readonly #parts: LiveStreamsParts;

  constructor(parts: LiveStreamsParts) {
    this.#parts = parts;
  }

  /** @throws Fault CONFLICT when there are too many, INVALID_REQUEST for a ladder that there is not */
  async create(body: NewLiveStreamBody): Promise<LiveStream> {
    const { title = 'Live', policy = 'public' } = body;
    const options = await this.#options(body, this.#defaults());
    const streamKey = newStreamKey();
    const stream = await this.#parts.streams.create(
      { id: newId('ls'), title, policy, options, streamKey },
      MAX_STREAMS,
    );
    if (!stream) throw new Fault('CONFLICT', { says: `A server keeps at most ${MAX_STREAMS} live streams.` });
    return stream;
  }

  /** @throws Fault NOT_FOUND, for a malformed id too: nothing can be at that address. */
  async known(streamId: string): Promise<LiveStream> {
    const stream = isId(streamId, 'ls') ? await this.#parts.streams.find(streamId) : undefined;
    if (!stream) throw new Fault('NOT_FOUND', { says: 'There is no live stream with this id.' });
    return stream;
  }

  async change(stream: LiveStream, body: LiveStreamChangeBody): Promise<void> {
    const { title, policy, isDisabled } = body;
    const options = await this.#options(body, stream.options);
    const changed = await this.#parts.streams.edit(stream.id, {
      ...(title === undefined ? {} : { title }),
      ...(policy === undefined ? {} : { policy }),
      ...(isDisabled === undefined ? {} : { isDisabled }),
      options,
    });
    if (!changed) throw new Fault('NOT_FOUND', { says: 'There is no live stream with this id.' });
    if (isDisabled) await this.#endIfLive(changed, 'disabled');
    if (body.chat)
      await this.#tell(changed, () =>
        this.#parts.commands.send(changed, { kind: 'chat-settings', chat: options.chat }),
      );
  }

  /** The row goes when the node is through, or in any case: a node that was away finds it gone. */
  async remove(stream: LiveStream): Promise<void> {
    await this.#tell(stream, () => this.#endIfLive(stream, 'deleted'));
    await this.#parts.streams.delete(stream.id);
  }

  /** @throws Fault LIVE_STREAM_IDLE, LIVE_NODE_AWAY */
  async end(stream: LiveStream): Promise<void> {
    if (stream.state === 'idle') throw new Fault('LIVE_STREAM_IDLE');
    await this.#endIfLive(stream, 'requested');
  }

  /** The old key stops at once, and whoever came in by it is sent away. */
  async renewKey(stream: LiveStream): Promise<void> {
    if (!(await this.#parts.streams.replaceKey(stream.id, newStreamKey())))
      throw new Fault('NOT_FOUND', { says: 'There is no live stream with this id.' });
    if (stream.nodeUrl) await this.#parts.commands.send(stream, { kind: 'expel' });
  }

  async #endIfLive(stream: LiveStream, reason: EndReason): Promise<void> {
    const { nodeUrl, state, broadcast: number } = stream;
    if (!nodeUrl) return;
    try {
      await this.#parts.commands.send(stream, { kind: 'end', reason });
    } catch (cause) {
      const { code } = Fault.from(cause);
      if (code === 'LIVE_STREAM_IDLE') return;
      // A node that has not renewed its hold is down: nobody else would end what it has left.
      const isDown = (stream.ownedUntilMs ?? 0) <= this.#parts.clock.now();
      if (code !== 'LIVE_NODE_AWAY' || !isDown || state === 'idle') throw cause;
      await this.#parts.broadcasts.end({ streamId: stream.id, nodeUrl }, number, reason);
    }
  }

  /** What has been decided here counts, whether the node of the stream could be told or not. */
  async #tell(stream: LiveStream, told: () => Promise<void>): Promise<void> {
    try {
      if (stream.nodeUrl) await told();
    } catch (cause) {
      this.#parts.log.warn({ streamId: stream.id, err: cause }, 'the node of a live stream could not be told');
    }
  }

  #defaults(): LiveOptions {
    return {
      reconnectSeconds: 60,
      isRecorded: true,
      ladder: this.#parts.defaultLadder,
      passthrough: 'auto',
      chat: { isOpen: true, slowSeconds: 0 },
    };
  }

  /** What is left out stays as it is. */
  async #options(body: NewLiveStreamBody, present: LiveOptions): Promise<LiveOptions> {
    if (body.ladder !== undefined) await this.#ladderMustBe(body.ladder);
    const { dvrSeconds: presentDvr, ...others } = present;
    const dvrSeconds = body.dvrSeconds === undefined ? presentDvr : (body.dvrSeconds ?? undefined);
    return {
      ...others,
      ...(dvrSeconds === undefined ? {} : { dvrSeconds }),
      ...(body.reconnectSeconds === undefined ? {} : { reconnectSeconds: body.reconnectSeconds }),
      ...(body.isRecorded === undefined ? {} : { isRecorded: body.isRecorded }),
      ...(body.ladder === undefined ? {} : { ladder: body.ladder }),
      ...(body.passthrough === undefined ? {} : { passthrough: body.passthrough }),
      chat: { ...present.chat, ...body.chat },
    };
  }

  /** @throws Fault INVALID_REQUEST */
  async #ladderMustBe(name: string): Promise<void> {
    try {
      await readNamedLadder(name, this.#parts.ladderFolder);
    } catch (cause) {
      const fault = Fault.from(cause);
      throw fault.code === 'LADDER_INVALID' ? new Fault('INVALID_REQUEST', { says: fault.message, cause }) : cause;
    }
  }
}
