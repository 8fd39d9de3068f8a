import type { IncomingHttpHeaders } from 'node:http';
import { constants, type IncomingHttpHeaders as Http2Headers, type ServerHttp2Stream } from 'node:http2';
import type { ViewerRequest } from '../viewer.ts';

export interface RequestFields {
  readonly headers: Http2Headers;
  /** Name, value, name, value; pseudo fields first. */
  readonly raw: readonly string[];
}

/** A request over HTTP/2 in the form of one over HTTP/1.1, as RFC 9113 sections 8.2.3 and 8.3.1 say it is made. */
export class StreamRequest implements ViewerRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersion = '2.0';
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly bodyStream: ServerHttp2Stream;
  readonly bringsBody: boolean;
  readonly headBytes: number;
  /** What the viewer takes for the host, in both of its places. */
  readonly authority: string | undefined;

  constructor(stream: ServerHttp2Stream, { headers, raw }: RequestFields) {
    this.method = oneOf(headers[constants.HTTP2_HEADER_METHOD]) ?? '';
    this.url = oneOf(headers[constants.HTTP2_HEADER_PATH]) ?? '';
    this.authority = oneOf(headers[constants.HTTP2_HEADER_AUTHORITY]);
    this.headers = headers;
    if (this.authority !== undefined) {
      // Two that differ are two hosts, which the first step refuses as it does two Host fields.
      const { host } = headers;
      headers.host = host === undefined || host === this.authority ? this.authority : `${this.authority}, ${host}`;
    }
    this.rawHeaders = ordinaryFields(raw, headers.cookie);
    this.headBytes = raw.reduce((sum, text) => sum + text.length, 0);
    this.bodyStream = stream;
    this.bringsBody = !stream.endAfterHeaders;
  }

  /** Of the body, bytes that somebody took. */
  arrivedBytes = 0;

  /** The viewer has promised bytes that are not here; those which are here wait for us. */
  get owesBody(): boolean {
    return this.bringsBody && !this.bodyStream.readableEnded && this.bodyStream.readableLength === 0;
  }

  arrived(bytes: number): void {
    this.arrivedBytes += bytes;
  }
}

/** Pseudo fields come once or the stream does not come to be; the type knows no difference. */
function oneOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Without pseudo fields, and with all cookies in one field again, since HTTP/1.1 has no more than one. */
function ordinaryFields(raw: readonly string[], cookie: string | undefined): string[] {
  const fields: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (name.charCodeAt(0) !== 0x3a && name !== 'cookie') fields.push(name, raw[at + 1] ?? '');
  }
  if (cookie !== undefined) fields.push('cookie', cookie);
  return fields;
}
