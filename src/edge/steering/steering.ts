import { randomBytes } from 'node:crypto';
import { Fault } from '../../kernel/errors.ts';
import type { Steering as SteeringLines } from '../../kernel/hls/steering.ts';
import type { Place } from '../../kernel/place.ts';
import { STEERING_TYPE, steeringManifest } from '../../kernel/steering/manifest.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { EdgeParts } from '../parts.ts';
import { corsFieldsFor, preflight } from '../phases/cors.ts';
import type { Fleet } from './fleet.ts';

export interface SteeringParts {
  readonly fleet: Fleet;
  /** Where an address is; undefined where nobody knows. */
  readonly placeOf: (ip: string) => Place | undefined;
}

const PATH = /^\/steering(?:\/(?<session>[\w-]{1,64}))?$/;
const ID = /^[\w.-]{1,64}$/;

/**
 * Leads players to the edge that is best for them. Every edge can: it has the list of all, and a session's order follows from its
 * name, so that whichever is asked says the same. Players come back by themselves, also when control is away.
 */
export class Steering {
  readonly #parts: SteeringParts;

  constructor(parts: SteeringParts) {
    this.#parts = parts;
  }

  /**
   * What stands in a multivariant playlist for this viewer; undefined where it stays as it is stored. Cookies are given to one host,
   * so who is let in by them would be refused at another.
   */
  linesFor({ film, live, fromEdge, grant }: Exchange): SteeringLines | undefined {
    const { self, hasChoice } = this.#parts.fleet;
    if ((film ?? live?.object)?.kind !== 'master' || fromEdge || !self || !hasChoice || grant?.carrier === 'cookies')
      return undefined;
    return { serverUri: `/steering?base=${self.id}`, pathwayId: self.id };
  }

  isAsked({ path }: Exchange): boolean {
    return PATH.test(path);
  }

  /** Tells a player which edges to use. Never a 429: players give up steering by it for good. */
  answer(x: Exchange, parts: EdgeParts): Step {
    if (x.method === 'OPTIONS') return preflight(x, parts);
    const { fleet, placeOf } = this.#parts;
    const asked = new URLSearchParams(x.query);
    const session = PATH.exec(x.path)?.groups?.session ?? randomBytes(12).toString('base64url');
    const base = idIn(asked.get('base')) ?? fleet.self?.id;
    const current = idIn(asked.get('_HLS_pathway'));
    const place = placeOf(x.ip);
    const manifest = base === undefined ? undefined : steeringManifest(fleet.edges, { base, session, current, place });
    if (!manifest) throw new Fault('NOT_FOUND');
    const body = Buffer.from(JSON.stringify(manifest));
    const fields = [
      'Content-Type',
      STEERING_TYPE,
      'Content-Length',
      String(body.length),
      'Cache-Control',
      'private, no-store',
      'Server',
      'frontrow',
      'Via',
      `1.1 ${parts.edgeId} (Frontrow)`,
      ...corsFieldsFor(x, parts.films),
      'X-Frontrow-Id',
      x.id,
    ];
    x.reply = { status: 200, fields, body: x.method === 'HEAD' ? undefined : body };
    return 'deliver';
  }
}

/** The draft has it in quotes, hls.js without. */
function idIn(given: string | null): string | undefined {
  const id = given?.replace(/^"(.*)"$/, '$1');
  return id !== undefined && ID.test(id) ? id : undefined;
}
