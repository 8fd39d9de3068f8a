import type { FastifyInstance } from 'fastify';
import { Fault } from '../kernel/errors.ts';

/** Deeper than any body of the API; what is much deeper overflows the stack of whoever walks through it. */
const MAX_DEPTH = 32;

/** Reads JSON bodies as fastify does, unless they are nested so deep that nobody could mean it. Register before routes. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (jsonDepth(text) <= MAX_DEPTH) return parse(request, text, done);
    const says = `The body is nested deeper than ${MAX_DEPTH} arrays and objects.`;
    return done(new Fault('INVALID_REQUEST', { says }));
  });
}

/** How deep brackets are nested outside of strings; of what is no JSON, some number. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '"') at = endOfString(text, at);
    else if (letter === '[' || letter === '{') deepest = Math.max(deepest, ++depth);
    else if (letter === ']' || letter === '}') depth -= 1;
  }
  return deepest;
}

/** Where the closing quote of a string stands that opens at `from`; the end of the text where there is none. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
