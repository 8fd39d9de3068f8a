import { WebSocket } from 'ws';
import { CHANNEL_PROTOCOL } from '../../src/kernel/live/channel.ts';
import { type FrameHeader, parseFrameHeader } from '../../src/kernel/live/channel-frame.ts';

export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

export interface ClientOptions {
  readonly protocols?: string[] | undefined;
  /** Answers no ping. */
  readonly isDeaf?: boolean;
  /** Offers to compress, as browsers do. */
  readonly compresses?: boolean;
}

/** A viewer of a channel, who remembers everything. */
export class ChannelClient {
  readonly messages: Message[] = [];
  readonly frames: (FrameHeader & { readonly media: string })[] = [];
  readonly socket: WebSocket;
  /** Of the connection's end; the HTTP status where there was no connection. */
  readonly ended: Promise<number>;
  /** The code of the answer where there was no connection. */
  refusal: unknown;
  #waiting: (() => void)[] = [];
  #endedBy: number | undefined;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}, options: ClientOptions = {}) {
    const { protocols = [CHANNEL_PROTOCOL], isDeaf = false, compresses = false } = options;
    const how = { headers, perMessageDeflate: compresses, autoPong: !isDeaf };
    this.socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, how);
    this.socket.on('message', (data, isBinary) => {
      if (isBinary) this.#takeFrame(data as Buffer);
      else this.messages.push(JSON.parse(data.toString()));
      for (const look of this.#waiting) look();
    });
    this.socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.socket.on('unexpected-response', async (_, response) => {
        const text = await response.setEncoding('utf8').reduce((before, chunk) => before + chunk, '');
        this.refusal = /(?:"code":\s*"|<Code>)(\w+)/.exec(text)?.[1] ?? text;
        resolve(response.statusCode ?? 0);
        this.socket.terminate();
      });
      this.socket.on('close', (code) => resolve(code));
    });
    void this.ended.then((code) => {
      this.#endedBy = code;
    });
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Resolves with the first message of this kind that there is, or comes. */
  async message(type: string, test: (message: Message) => boolean = () => true): Promise<Message> {
    const find = () => this.messages.find((each) => each.type === type && test(each));
    await this.until(() => find() !== undefined);
    return find() as Message;
  }

  numbered(): number[] {
    return this.messages.filter(({ sequence, type }) => sequence !== undefined && isEvent(type)).map(sequenceOf);
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!holds()) return;
        this.#waiting = this.#waiting.filter((each) => each !== look);
        clearTimeout(overdue);
        resolve();
      };
      const overdue = setTimeout(() => {
        const kinds = this.messages.map(({ type }) => type).join(' ');
        const end = this.#endedBy === undefined ? '' : `; the end was ${this.#endedBy}`;
        reject(new Error(`did not come; there were ${kinds}, and ${this.frames.length} frames${end}`));
      }, 15_000);
      this.#waiting.push(look);
      look();
    });
  }

  close(): void {
    this.socket.close();
  }

  #takeFrame(data: Buffer): void {
    const header = parseFrameHeader(data);
    if (header) this.frames.push({ ...header, media: data.subarray(48).toString('latin1') });
  }
}

function isEvent(type: string): boolean {
  return type !== 'hello' && type !== 'resumed';
}

function sequenceOf({ sequence }: Message): number {
  return Number(sequence);
}

/** A frame in a word, such as `360p i`, or `audio 12.3` for segment and part. */
export function inWords(client: ChannelClient, names: readonly string[] = ['360p', '720p', 'audio']): string[] {
  return client.frames.map((each) => {
    const name = names[each.rendition];
    return each.kind === 'init' ? `${name} i${each.session}` : `${name} ${each.sequence}.${each.part}`;
  });
}
