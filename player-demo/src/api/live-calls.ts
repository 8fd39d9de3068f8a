import type { Broadcast, LiveGrant, LiveStream, NewLiveStream } from './live-shapes.ts';

import { Problem } from './problem.ts';

type Send = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** The part of the control API that is about live streams. */
export class LiveCalls {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** The newest hundred; nobody has more at hand. */
  async list(): Promise<readonly LiveStream[]> {
    return (await this.#send<{ items: readonly LiveStream[] }>('GET', '/v1/live-streams?limit=100')).items;
  }

  async get(streamId: string): Promise<LiveStream> {
    return this.#send('GET', pathOf(streamId));
  }

  async create(wish: NewLiveStream): Promise<LiveStream> {
    return this.#send('POST', '/v1/live-streams', wish);
  }

  async remove(streamId: string): Promise<void> {
    await this.#send('DELETE', pathOf(streamId));
  }

  /** Ends the broadcast that is running; the stream itself stays. */
  async end(streamId: string): Promise<void> {
    await this.#send('POST', `${pathOf(streamId)}/end`);
  }

  async streamKey(streamId: string): Promise<string> {
    return keyOf(await this.get(streamId));
  }

  /** From then on the old one opens nothing. */
  async renewStreamKey(streamId: string): Promise<string> {
    return keyOf(await this.#send<LiveStream>('POST', `${pathOf(streamId)}/stream-key`));
  }

  async broadcasts(streamId: string): Promise<readonly Broadcast[]> {
    return (await this.#send<{ items: readonly Broadcast[] }>('GET', `${pathOf(streamId)}/broadcasts`)).items;
  }

  async issueGrant(streamId: string, expiresInSeconds: number): Promise<LiveGrant> {
    return this.#send('POST', '/v1/playback-grants', { streamId, expiresInSeconds });
  }

  async deleteMessage(streamId: string, messageId: string): Promise<void> {
    await this.#send('DELETE', `${pathOf(streamId)}/chat/messages/${encodeURIComponent(messageId)}`);
  }

  /** Nothing that its author says is heard any more. */
  async ban(streamId: string, authorId: string): Promise<void> {
    await this.#send('POST', `${pathOf(streamId)}/chat/bans`, { authorId });
  }
}

/** @throws Problem for somebody who may look at the stream only. */
function keyOf({ streamKey }: LiveStream): string {
  if (streamKey === undefined)
    throw new Problem('FORBIDDEN', 403, 'You may look at this stream, and not publish to it.');
  return streamKey;
}

function pathOf(streamId: string): string {
  return `/v1/live-streams/${encodeURIComponent(streamId)}`;
}
