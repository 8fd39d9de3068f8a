import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts, Films } from '../parts.ts';

const EXPOSED = 'Age, X-Cache, Cache-Status, Content-Length, Content-Range, Date, ETag, Retry-After, X-Frontrow-Id';
const PREFLIGHT_SECONDS = 86_400;
const ALLOWED_FIELDS = 'Range, Authorization, If-None-Match, If-Modified-Since, If-Range';

/** For pages of any origin, without cookies. */
const OPEN: readonly string[] = ['Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', EXPOSED];
/** The same where the answer differs by origin, so that a browser's cache keeps the two apart. */
const OPEN_VARYING: readonly string[] = [...OPEN, 'Vary', 'Origin'];

/** The web origin of a page that may bring cookies; undefined for every other request. */
export function credentialOrigin(x: Exchange, films: Films | undefined): string | undefined {
  if (!films?.takesCredentials) return undefined;
  const { origin } = x.request.headers;
  return origin !== undefined && films.mayBringCredentials(origin) ? origin : undefined;
}

/** What lets a page read this answer; nothing for an edge, which writes that for its own viewers. */
export function corsFieldsFor(x: Exchange, films: Films | undefined): readonly string[] {
  return x.fromEdge ? [] : corsFields(credentialOrigin(x, films), films);
}

/** Empty in proxy mode: there it is the origin's to say. */
function corsFields(webOrigin: string | undefined, films: Films | undefined): readonly string[] {
  if (!films) return [];
  if (webOrigin === undefined) return films.takesCredentials ? OPEN_VARYING : OPEN;
  return [
    'Access-Control-Allow-Origin',
    webOrigin,
    'Access-Control-Allow-Credentials',
    'true',
    'Access-Control-Expose-Headers',
    EXPOSED,
    'Vary',
    'Origin',
  ];
}

/** Answers a browser's question before its request proper. */
export function preflight(x: Exchange, { films, edgeId }: EdgeParts): Step {
  x.reply = {
    status: 204,
    fields: [
      ...corsFields(credentialOrigin(x, films), films),
      'Access-Control-Allow-Methods',
      'GET, HEAD, OPTIONS',
      'Access-Control-Allow-Headers',
      ALLOWED_FIELDS,
      'Access-Control-Max-Age',
      String(PREFLIGHT_SECONDS),
      'Allow',
      'GET, HEAD, OPTIONS',
      'Via',
      `1.1 ${edgeId} (Frontrow)`,
      'X-Frontrow-Id',
      x.id,
    ],
    body: undefined,
  };
  return 'deliver';
}
