import type { Socket } from 'node:net';
import type { Peer } from '../viewer.ts';
import { LaneReply } from './lane-reply.ts';
import type { OwnPaths } from './own-paths.ts';
import { SimpleReader } from './simple-request.ts';
import type { Viewers } from './viewers.ts';

/**
 * The fast lane: connections are served here for as long as each of their requests is a simple one, at half of what
 * node's own server costs. With the first that is not, the connection goes to that server, and stays there: whatever two
 * servers could read in two ways is read by one.
 */
export interface LaneOptions {
  readonly viewers: Viewers;
  readonly settings: LaneSettings;
  readonly peerOf: (socket: Socket) => Peer;
  /** The paths that are not viewers'. */
  readonly own: OwnPaths;
  /** Takes a connection over; what it said comes as its next `data`. */
  readonly handOver: (socket: Socket) => void;
  /** Lets go of one that has never asked for anything. */
  readonly refuseSilent: (socket: Socket) => void;
}

export interface LaneSettings {
  readonly viewerIdleMs: number;
  readonly edgeHeaderBytes: number;
  readonly edgeHeaderCount: number;
  readonly edgeHeaderMs: number;
}

/** Connections are looked at so often, rather than wind up a clock with each of their requests. */
const LOOK_MS = 1_000;
/** Looks in the shortest of the times. */
const LOOKS = 4;
/** Later than the viewer is told, who may just be asking again. As long as node waits. */
const GRACE_MS = 1_000;

export class Lane {
  readonly #options: LaneOptions;
  readonly #open = new Set<LaneConnection>();
  readonly #looking: NodeJS.Timeout;
  #closing = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    const { viewerIdleMs, edgeHeaderMs } = options.settings;
    const lookMs = Math.min(LOOK_MS, Math.min(viewerIdleMs, edgeHeaderMs) / LOOKS);
    this.#looking = setInterval(() => {
      for (const each of this.#open) each.look(lookMs);
    }, lookMs).unref();
  }

  serve(socket: Socket): void {
    if (this.#closing) {
      this.#options.handOver(socket);
      return;
    }
    const connection = new LaneConnection(socket, this.#options, () => this.#open.delete(connection));
    this.#open.add(connection);
  }

  /** From now on each answer is the last of its connection, and whoever waits for nothing is let go. */
  close(): void {
    this.#closing = true;
    for (const each of this.#open) each.finish();
  }

  /** When there are no connections left. */
  stop(): void {
    clearInterval(this.#looking);
  }
}

class LaneConnection {
  readonly #socket: Socket;
  readonly #options: LaneOptions;
  readonly #onLeave: () => void;
  readonly #reader: SimpleReader;
  readonly #peer: Peer;
  readonly #terms: { readonly [Method in 'GET' | 'HEAD']: { isHead: boolean; idleSeconds: number } };
  #reply: LaneReply | undefined;
  /** What the viewer has said behind the request that is being answered. */
  #behind: Buffer | undefined;
  #hasAsked = false;
  #isLast = false;
  /** Since it last became quiet or began to be answered. */
  #quietMs = 0;
  #isTimed = false;

  constructor(socket: Socket, options: LaneOptions, onLeave: () => void) {
    this.#socket = socket;
    this.#options = options;
    this.#onLeave = onLeave;
    const { edgeHeaderBytes: headBytes, edgeHeaderCount: fieldCount, viewerIdleMs } = options.settings;
    this.#reader = new SimpleReader({ headBytes, fieldCount });
    this.#peer = options.peerOf(socket);
    const idleSeconds = Math.floor(viewerIdleMs / 1000);
    this.#terms = { GET: { isHead: false, idleSeconds }, HEAD: { isHead: true, idleSeconds } };
    socket.on('data', this.#read);
    socket.on('drain', this.#drained).on('end', this.#ended).on('close', this.#closed).on('error', ignore);
  }

  /** Once in so many milliseconds. */
  look(passedMs: number): void {
    const { viewerIdleMs, edgeHeaderMs } = this.#options.settings;
    this.#quietMs += passedMs;
    if (this.#reply) this.#time();
    else if (this.#hasAsked) {
      if (this.#quietMs >= viewerIdleMs + GRACE_MS) this.#socket.destroy();
    } else if (this.#quietMs >= viewerIdleMs) this.#socket.destroy();
    else if (this.#quietMs >= edgeHeaderMs) this.#refuse();
  }

  finish(): void {
    this.#isLast = true;
    if (this.#reply) this.#reply.isLast = true;
    else this.#socket.destroy();
  }

  /** Once: the connection ends by itself. */
  #refuse(): void {
    this.#quietMs = Number.NEGATIVE_INFINITY;
    this.#options.refuseSilent(this.#socket);
  }

  readonly #read = (bytes: Buffer): void => {
    // Nothing can be answered any more.
    if (!this.#socket.writable) return;
    if (this.#reply || this.#behind) this.#keep(bytes);
    else this.#take(bytes);
  };

  /** Said too early: read when the answer is out, and past a limit not taken from the system until then. */
  #keep(bytes: Buffer): void {
    this.#behind = this.#behind ? Buffer.concat([this.#behind, bytes]) : bytes;
    if (this.#behind.length >= this.#options.settings.edgeHeaderBytes) this.#socket.pause();
  }

  #take(bytes: Buffer): void {
    const { viewers, own } = this.#options;
    const request = this.#reader.read(bytes);
    if (!request || own.has(request.target)) {
      this.#handOver(bytes);
      return;
    }
    const { method, target, fields } = request;
    this.#hasAsked = true;
    this.#quietMs = 0;
    const reply = new LaneReply(this.#socket, this.#terms[method], this.#over);
    this.#reply = reply;
    const { headers, raw: rawHeaders } = fields;
    const asked = { method, url: target, httpVersion: '1.1', headers, rawHeaders, bringsBody: false };
    viewers.receive(asked, reply, this.#peer, ignore);
  }

  readonly #over = (): void => {
    this.#reply = undefined;
    this.#quietMs = 0;
    if (this.#isTimed) this.#untime();
    if (this.#isLast) this.#socket.destroySoon();
    // Not at once: the exchange that is over has still to settle.
    else if (this.#behind) process.nextTick(this.#goOn);
  };

  readonly #goOn = (): void => {
    const bytes = this.#behind;
    this.#behind = undefined;
    if (!bytes || this.#socket.destroyed) return;
    if (this.#isLast) {
      this.#socket.destroySoon();
      return;
    }
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#take(bytes);
  };

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    this.#leave();
    this.#options.handOver(socket);
    // Not by `unshift`: what comes next could then arrive before it.
    socket.emit('data', bytes);
  }

  #leave(): void {
    const socket = this.#socket;
    socket.off('data', this.#read).off('drain', this.#drained).off('end', this.#ended);
    socket.off('close', this.#closed).off('error', ignore);
    this.#onLeave();
  }

  readonly #drained = (): void => {
    this.#reply?.drained();
  };

  /** Half a connection is none: what is not answered yet is not wanted any more. */
  readonly #ended = (): void => {
    this.#socket.end();
  };

  readonly #closed = (): void => {
    this.#onLeave();
    this.#reply?.close();
  };

  /** From now on node watches whether the viewer takes what he is given. */
  #time(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#socket.setTimeout(this.#options.settings.viewerIdleMs).on('timeout', this.#silent);
  }

  #untime(): void {
    this.#isTimed = false;
    this.#socket.setTimeout(0).off('timeout', this.#silent);
  }

  /** A viewer who waits for us goes on waiting; one who does not take what we give is let go. */
  readonly #silent = (): void => {
    if (this.#socket.writableLength > 0) this.#socket.destroy();
    else this.#socket.setTimeout(this.#options.settings.viewerIdleMs);
  };
}

/** A connection that breaks is its viewer's affair; the exchange hears of it as one that closes. */
function ignore(): void {}
