import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';

/**
 * The transport seam: what the phases see of a viewer. Over HTTP/1.1 these are node's own messages, taken as they are;
 * whatever else viewers speak is brought into the same form by its door.
 */
export interface ViewerRequest {
  readonly method?: string | undefined;
  /** The target as sent. */
  readonly url?: string | undefined;
  /** `1.0`, `1.1` or `2.0`. */
  readonly httpVersion: string;
  headers: IncomingHttpHeaders;
  /** Name, value, name, value; without the fields that are not header fields of HTTP/1.1. */
  readonly rawHeaders: readonly string[];
  /** The body, where it is not read from the request itself. */
  readonly bodyStream?: Readable | undefined;
  /** Whether a body comes, where the header fields do not tell. */
  readonly bringsBody?: boolean | undefined;
  /** Bytes of the head, where the transport takes more than the limit. */
  readonly headBytes?: number | undefined;
  /** Told how many bytes of the body have been taken. */
  arrived?(bytes: number): void;
}

/** Fields for many viewers, of which only the last value is each one's own. */
export interface PreparedFields {
  readonly fields: string[];
  /** What HTTP/1.1 made of all the others, for the next viewer. */
  written: WrittenFields | undefined;
  /** The same for HTTP/2: with the status, and names in lower case. */
  lowered: string[] | undefined;
}

/** Lines of a head. */
export interface WrittenFields {
  readonly text: string;
  /** Whether these fields are among them. */
  readonly hasLength: boolean;
  readonly hasDate: boolean;
}

export interface ViewerResponse {
  readonly headersSent: boolean;
  readonly statusCode: number;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  readonly writableNeedDrain: boolean;
  /** Finished, or its connection gone. */
  readonly closed: boolean;
  /** A small body costs it less as bytes than as text. */
  readonly prefersBytes?: boolean;
  /** The fields are a flat list, which stays as it is. */
  writeHead(status: number, fields: string[]): unknown;
  /** The same, where the transport can keep its part of the work for the next viewer. */
  writePrepared?(status: number, prepared: PreparedFields): unknown;
  /** A word before the answer, of status 102 to 199. The fields are a flat list. */
  writeInformation(status: number, fields: readonly string[]): unknown;
  /** Calls back when the connection has taken the bytes and they may be overwritten; perhaps never when it is gone. */
  write(bytes: Buffer, onTaken?: () => void): boolean;
  end(): unknown;
  end(body: Buffer): unknown;
  end(body: string, encoding: 'latin1'): unknown;
  cork(): void;
  uncork(): void;
  on(event: 'close' | 'drain', listener: () => void): unknown;
  off(event: 'close' | 'drain', listener: () => void): unknown;
  /** Breaks it off, so that no viewer takes what has arrived for the whole. */
  destroy(): unknown;
}

/** A viewer who would like to speak another protocol on this connection. */
export interface Upgrade {
  readonly socket: Duplex;
  /** What came behind the request. */
  readonly head: Buffer;
  /** Says yes, with these fields; the connection is the caller's from then on. */
  accept(fields: string[]): void;
  /** The caller answers on the connection himself, and it is his from then on. */
  take(): void;
}

/** How TLS came about on a connection. */
export interface PeerTls {
  /** As OpenSSL has it: `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  readonly handshake: 'fullHandshake' | 'sessionResumed';
}

/** The other end of a connection. */
export interface Peer {
  /** Its address, by the word of a trusted balancer where there is one. */
  readonly ip: string;
  /** TLS ends here. */
  readonly secure: boolean;
  /** Undefined where a balancer's connection stands for the viewer's. */
  readonly port?: number | undefined;
  readonly tls?: PeerTls | undefined;
  /** A proxy of the operator's, whose word about the viewer counts. */
  readonly trusted: boolean;
}
