import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Peer } from '../viewer.ts';
import { StreamReply } from './stream-reply.ts';
import { type RequestFields, StreamRequest } from './stream-request.ts';
import type { Viewers } from './viewers.ts';

/** Answers what is no viewer's request. */
export type AnswerHealth = (method: string) => Promise<{ status: number; type: string; body: string }>;

export interface Http2Options {
  readonly viewers: Viewers;
  readonly viewerIdleMs: number;
  readonly maxHeaderBytes: number;
  readonly health: string;
  readonly answerHealth: AnswerHealth;
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
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(options: Http2Options) {
    this.#options = options;
  }

  serve(socket: Socket, peer: Peer): void {
    const { maxHeaderBytes } = this.#options;
    const session = performServerHandshake(socket, {
      ...PATIENCE,
      maxHeaderListPairs: MAX_PAIRS,
      // An origin may send a field twice that should be there once; that is for the viewer to judge, as over HTTP/1.1.
      strictSingleValueFields: false,
      settings: {
        enablePush: false,
        maxConcurrentStreams: MAX_STREAMS,
        initialWindowSize: WINDOW_BYTES,
        maxHeaderListSize: maxHeaderBytes,
      },
    });
    this.#sessions.add(session);
    const watch = new SessionWatch(session, this.#options.viewerIdleMs);
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
    if (request.url === this.#options.health) {
      this.#answerHealth(request.method, reply);
      return;
    }
    watch.add(reply, request);
    this.#options.viewers.receive(request, reply, peer, () => watch.remove(reply));
  }

  #answerHealth(method: string, reply: StreamReply): void {
    this.#options.answerHealth(method).then(
      ({ status, type, body }) => {
        reply.writeHead(status, ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(body))]);
        reply.end(Buffer.from(body));
      },
      () => reply.destroy(),
    );
  }
}

/** How often in the idle time a session is looked at. */
const LOOKS = 2;

interface Look {
  readonly request: StreamRequest;
  progress: number;
  still: number;
}

/**
 * Lets go of viewers who are silent, by the same rule as over HTTP/1.1: one who waits for us may wait; a stream whose
 * bytes are not taken, or whose body does not come, is closed alone; a session without streams ends.
 */
class SessionWatch {
  readonly #session: ServerHttp2Session;
  readonly #looks = new Map<StreamReply, Look>();
  readonly #timer: NodeJS.Timeout;
  #idle = 0;

  constructor(session: ServerHttp2Session, idleMs: number) {
    this.#session = session;
    this.#timer = setInterval(() => this.#look(), idleMs / LOOKS).unref();
  }

  add(reply: StreamReply, request: StreamRequest): void {
    this.#idle = 0;
    this.#looks.set(reply, { request, progress: 0, still: 0 });
  }

  remove(reply: StreamReply): void {
    this.#looks.delete(reply);
    this.#idle = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const [reply, look] of this.#looks) {
      const progress = reply.takenBytes + look.request.arrivedBytes;
      const owes = reply.waitingBytes > 0 || look.request.owesBody;
      look.still = owes && progress === look.progress ? look.still + 1 : 0;
      look.progress = progress;
      if (look.still >= LOOKS) reply.close(constants.NGHTTP2_CANCEL);
    }
    this.#idle = this.#looks.size === 0 ? this.#idle + 1 : 0;
    if (this.#idle < LOOKS) return;
    if (this.#idle === LOOKS) this.#session.close();
    // Who does not even take the farewell.
    else this.#session.destroy();
  }
}
