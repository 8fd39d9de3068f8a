import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';

export interface StreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A viewer with one HTTP/2 session. */
export class Http2Viewer {
  readonly session: ClientHttp2Session;

  constructor(url: string, options: { readonly maxSessionMemory?: number } = {}) {
    this.session = connect(url, { rejectUnauthorized: false, ...options });
    this.session.on('error', () => {});
  }

  open(path: string, headers: OutgoingHttpHeaders = {}, body?: string | Buffer): ClientHttp2Stream {
    const stream = this.session.request({ ':path': path, ...headers }, { endStream: body === undefined });
    stream.on('error', () => {});
    if (body !== undefined) stream.end(body);
    return stream;
  }

  /** Rejects when the stream is reset, or ends without an answer. */
  async get(path: string, headers: OutgoingHttpHeaders = {}, body?: string | Buffer): Promise<StreamAnswer> {
    return answerOf(this.open(path, headers, body));
  }

  async stop(): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, 'close');
    this.session.destroy();
    await closed;
  }
}

/** Resolves when the stream is over, also by a reset. */
export function closeOf(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => stream.on('close', () => resolve()));
}

export async function answerOf(stream: ClientHttp2Stream): Promise<StreamAnswer> {
  const chunks: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<StreamAnswer>();
  let head: StreamAnswer['headers'] | undefined;
  let ended = false;
  stream.on('response', (headers) => {
    head = headers as StreamAnswer['headers'];
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    ended = true;
  });
  stream.on('close', () => {
    if (!ended || !head || stream.rstCode !== 0) return reject(new Error(`the stream was reset: ${stream.rstCode}`));
    resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks) });
  });
  return promise;
}
