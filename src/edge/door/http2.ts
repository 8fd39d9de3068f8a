import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Peer } from '../viewer.ts';
import type { OwnPaths } from './own-paths.ts';
import { StreamReply } from './stream-reply.ts';
import { type RequestFields, StreamRequest } from './stream-request.ts';
import type { Viewers } from './viewers.ts';

/** Answers what is no viewer's request. */
export type AnswerOwn = (
  request: StreamRequest,
  body: Buffer,
) => Promise<{ status: number; type: string; body: string }>;

/** Of a request that is no viewer's. */
const MAX_OWN_BODY_BYTES = 1_048_576;
const MAX_OWN_BODIES = 8;

/** The slice of the settings that concerns HTTP/2. */
export interface Http2Settings {
  readonly viewerIdleMs: number;
  readonly edgeHeaderBytes: number;
  readonly edgeBodyMs: number;
}

export interface Http2Options {
  readonly viewers: Viewers;
  readonly settings: Http2Settings;
  readonly own: OwnPaths;
  readonly answerOwn: AnswerOwn;
}

/** Browsers open at most a hundred or so; a page's worth. */
const MAX_STREAMS = 128;
/** What a viewer may send of a body before we have taken any of it. */
const WINDOW_BYTES = 262_144;
/** Header fields of one request, pseudo fields included, that node takes in; the phases refuse far fewer. */
const MAX_PAIRS = 1_024;

/**
 * What one session may cost. A viewer who opens requests and takes them back (CVE-2023-44487), or floods us with pings or
 * settings, is told to calm down, and the session ends.
 */
const PATIENCE = {
  maxOutstandingPings: 10,
  maxSettings: 32,
  streamResetBurst: 200,
  streamResetRate: 20,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
};

/** HTTP/2 sessions: each stream is an exchange of its own, and a slow one holds no other. */
export class Http2 {
  readonly #options: Http2Options;
  #ownBodies = 0;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(options: Http2Options) {
    this.#options = options;
  }

  serve(socket: Socket, peer: Peer): void {
    const { settings } = this.#options;
    const session = performServerHandshake(socket, {
      ...PATIENCE,
      maxHeaderListPairs: MAX_PAIRS,
      // An origin may send a field twice that should be there once; that is for the viewer to judge, as over HTTP/1.1.
      strictSingleValueFields: false,
      settings: {
        enablePush: false,
        maxConcurrentStreams: MAX_STREAMS,
        initialWindowSize: WINDOW_BYTES,
        // Twice what we take: what is told 431 must first be read.
        maxHeaderListSize: settings.edgeHeaderBytes * 2,
      },
    });
    this.#sessions.add(session);
    const watch = new SessionWatch(session, settings);
    // What breaks one session is its viewer's doing or network; his exchanges hear of it as streams that close.
    session.on('error', () => {});
    session.on('close', () => {
      watch.stop();
      this.#sessions.delete(session);
    });
    session.on('stream', (stream, headers, _flags, raw) => {
      stream.on('error', () => {});
      this.#receive(stream, { headers, raw }, peer, watch);
    });
  }

  /** Lets the streams that run come to their end, and takes no more: GOAWAY. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }

  #receive(stream: ServerHttp2Stream, fields: RequestFields, peer: Peer, watch: SessionWatch): void {
    const request = new StreamRequest(stream, fields);
    const reply = new StreamReply(stream);
    watch.add(reply, request);
    if (this.#options.own.has(request.url)) {
      stream.on('close', () => watch.remove(reply));
      this.#answerOwn(request, reply).catch(() => reply.destroy());
      return;
    }
    this.#options.viewers.receive(request, reply, peer, () => watch.remove(reply));
  }

  /** Only of who may bring one, as far as can be told without it, and of a few at once: it is kept until it is whole. */
  async #ownBody(request: StreamRequest): Promise<Buffer> {
    const { method, headers } = request;
    if (method !== 'POST' || headers.authorization === undefined) return Buffer.alloc(0);
    if (this.#ownBodies >= MAX_OWN_BODIES) throw new Error('too many bodies are on their way');
    this.#ownBodies += 1;
    try {
      return await wholeBody(request);
    } finally {
      this.#ownBodies -= 1;
    }
  }

  async #answerOwn(request: StreamRequest, reply: StreamReply): Promise<void> {
    const { status, type, body } = await this.#options.answerOwn(request, await this.#ownBody(request));
    reply.writeHead(status, ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(body))]);
    reply.end(Buffer.from(body));
  }
}

/** @throws Error for one that is too large */
async function wholeBody(request: StreamRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request.bodyStream) {
    request.arrived((chunk as Buffer).length);
    if (request.arrivedBytes > MAX_OWN_BODY_BYTES) throw new Error('the body is too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** How often in the shortest of its times a session is looked at. */
const LOOKS = 4;

interface Look {
  readonly request: StreamRequest;
  readonly since: number;
  /** Bytes moved either way, and when they last did or nothing was owed. */
  progress: number;
  movedAt: number;
}

/**
 * Lets go of viewers who are silent, by the same rule as over HTTP/1.1: one who waits for us may wait; a stream whose
 * bytes are not taken, or whose body does not come, or not in time, is closed alone; a session without streams ends.
 */
class SessionWatch {
  readonly #session: ServerHttp2Session;
  readonly #settings: Http2Settings;
  readonly #looks = new Map<StreamReply, Look>();
  readonly #timer: NodeJS.Timeout;
  #quietSince = performance.now();

  constructor(session: ServerHttp2Session, settings: Http2Settings) {
    this.#session = session;
    this.#settings = settings;
    const shortestMs = Math.min(settings.viewerIdleMs, settings.edgeBodyMs);
    this.#timer = setInterval(() => this.#look(performance.now()), shortestMs / LOOKS).unref();
  }

  add(reply: StreamReply, request: StreamRequest): void {
    const now = performance.now();
    this.#looks.set(reply, { request, since: now, progress: 0, movedAt: now });
  }

  remove(reply: StreamReply): void {
    this.#looks.delete(reply);
    this.#quietSince = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(now: number): void {
    const { viewerIdleMs, edgeBodyMs } = this.#settings;
    for (const [reply, look] of this.#looks) {
      const progress = reply.takenBytes + look.request.arrivedBytes;
      const { owesBody } = look.request;
      if (progress !== look.progress || !(owesBody || reply.waitingBytes > 0)) look.movedAt = now;
      look.progress = progress;
      const overdue = owesBody && now - look.since >= edgeBodyMs;
      if (overdue || now - look.movedAt >= viewerIdleMs) reply.destroy();
    }
    if (this.#looks.size > 0 || now - this.#quietSince < viewerIdleMs) return;
    // Who does not even take the farewell is cut off at the next look.
    if (this.#session.closed) this.#session.destroy();
    else this.#session.close();
  }
}
