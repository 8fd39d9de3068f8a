import { EDGE_SIGNATURE_HEADER } from '../../kernel/access/edge-signature.ts';
import { Fault } from '../../kernel/errors.ts';
import { readForwarded, readXForwarded, viewerAddress } from '../../kernel/http/forwarded.ts';
import type { Phase } from '../drive.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { VIEWER_SCHEME_HEADER } from '../scheme.ts';
import type { EdgeSigner } from '../signer.ts';

/** TRACE would show a script what it may not see; CONNECT would make a relay of the edge. */
const NEVER: ReadonlySet<string> = new Set(['TRACE', 'CONNECT']);

/** Takes the request as it came: method, raw target, host; and refuses what two servers could read in two ways. */
export function receive({ settings, trusts, films }: EdgeParts): Phase {
  const { edgeHeaderCount, edgeHeaderBytes, edgeUrlBytes, edgeBodyBytes } = settings;
  return (x) => {
    const { headers, rawHeaders, headBytes = 0 } = x.request;
    x.ip = x.peer.ip;
    if (x.peer.trusted) takeForwarded(x, settings.edgeForwardedHeader, trusts);
    if (x.target.length > edgeUrlBytes) throw new Fault('URI_TOO_LONG');
    if (rawHeaders.length > edgeHeaderCount * 2 || headBytes > edgeHeaderBytes) throw new Fault('HEADERS_TOO_LARGE');
    if (NEVER.has(x.method)) throw new Fault('METHOD_NOT_ALLOWED');
    x.host = headers.host ?? '';
    if (x.target.charCodeAt(0) !== 0x2f) takeAbsoluteTarget(x);
    checkHost(x);
    if (UNSAFE_IN_TARGET.test(x.target)) throw new Fault('PATH_INVALID');
    if (films && isFromEdge(x, films.signer)) takeChild(x);
    checkFraming(x.request);
    if (Number(headers['content-length'] ?? 0) > edgeBodyBytes) throw new Fault('BODY_TOO_LARGE');
    return 'route';
  };
}

const VERSIONS: ReadonlySet<string> = new Set(['1.1', '2.0', '1.0']);

/** Who speaks 1.0 does not know chunks, and what stands between may not either. RFC 9112 section 6.1. */
function checkFraming({ httpVersion, headers }: Exchange['request']): void {
  const coding = headers['transfer-encoding'];
  const isPlain = coding === undefined || (httpVersion === '1.1' && coding.toLowerCase() === 'chunked');
  if (!isPlain || !VERSIONS.has(httpVersion)) throw new Fault('REQUEST_MALFORMED');
}

/** One header is believed and no other: a proxy that writes one of them lets the other through as the viewer sent it. */
function takeForwarded(x: Exchange, header: string, trusts: (ip: string) => boolean): void {
  const { forwarded, 'x-forwarded-for': addresses, 'x-forwarded-proto': scheme } = x.request.headers;
  const told = header === 'Forwarded' ? readForwarded(forwarded) : readXForwarded(textOf(addresses), textOf(scheme));
  x.ip = viewerAddress(x.peer.ip, told.chain, trusts);
  x.toldScheme = told.scheme;
}

function textOf(field: string | string[] | undefined): string | undefined {
  return Array.isArray(field) ? field.join(',') : field;
}

/** Spaces and control characters, which would end the target, and a fragment, which no target has. */
const UNSAFE_IN_TARGET = /[^\x21-\x7e\x80-\xff]|#/;
/** A name or an address, and perhaps a port: no list, no user name. RFC 9110 section 7.2. */
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Fields that come twice arrive joined, which is no host. Only before 1.1 could a request do without one. */
function checkHost({ host, request }: Exchange): void {
  if (HOST.test(host)) return;
  if (host !== '' || request.httpVersion !== '1.0') throw new Fault('HOST_INVALID');
}

/** `GET http://host/path`: servers must take it, and its host overrules the field. RFC 9112 section 3.2.2. */
function takeAbsoluteTarget(x: Exchange): void {
  const match = /^https?:\/\/([^/?#]+)(.*)$/i.exec(x.target);
  if (!match) throw new Fault('PATH_INVALID');
  x.host = match[1] ?? '';
  // Whatever depends on the host depends on this one.
  x.request.headers.host = x.host;
  const rest = match[2] ?? '';
  x.target = rest.startsWith('/') ? rest : `/${rest}`;
}

/** A signature that does not hold is an edge's with another secret or clock, which had better be told. */
function isFromEdge({ request, method, target }: Exchange, signer: EdgeSigner): boolean {
  const signature = request.headers[EDGE_SIGNATURE_HEADER];
  if (signature === undefined) return false;
  if (signer.isPeer(method, target, textOf(signature))) return true;
  throw new Fault('EDGE_SIGNATURE_INVALID');
}

function takeChild(x: Exchange): void {
  x.fromEdge = true;
  const told = readXForwarded(textOf(x.request.headers['x-forwarded-for']), undefined);
  x.ip = told.chain[0] ?? x.ip;
  if (x.request.headers[VIEWER_SCHEME_HEADER] === 'https') x.toldScheme = 'https';
}
