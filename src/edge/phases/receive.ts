import { Fault } from '../../kernel/errors.ts';
import type { Phase } from '../drive.ts';
import type { EdgeParts } from '../parts.ts';

const MAX_TARGET_BYTES = 8_192;
const FILM_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Takes the request as it came: method, raw target, host. */
export function receive({ mode, edgeId }: EdgeParts): Phase {
  return (x) => {
    if (x.target.length > MAX_TARGET_BYTES) throw new Fault('URI_TOO_LONG');
    if (mode === 'film' && !FILM_METHODS.has(x.method)) throw new Fault('METHOD_NOT_ALLOWED');
    x.host = x.request.headers.host ?? '';
    if (x.target.charCodeAt(0) !== 0x2f) takeAbsoluteTarget(x);
    if (mode === 'proxy' && hasPassed(x.request.headers['cdn-loop'], edgeId)) throw new Fault('LOOP_DETECTED');
    return 'route';
  };
}

/** `GET http://host/path`: servers must take it, and its host overrules the field. RFC 9112 section 3.2.2. */
function takeAbsoluteTarget(x: { target: string; host: string }): void {
  const match = /^https?:\/\/([^/?#]+)(.*)$/i.exec(x.target);
  if (!match) throw new Fault('PATH_INVALID');
  x.host = match[1] ?? '';
  const rest = match[2] ?? '';
  x.target = rest.startsWith('/') ? rest : `/${rest}`;
}

/** RFC 8586: each edge signs a request it passes on; its own name on one that comes in means a circle. */
function hasPassed(field: string | string[] | undefined, edgeId: string): boolean {
  return field !== undefined && String(field).includes(edgeId);
}
