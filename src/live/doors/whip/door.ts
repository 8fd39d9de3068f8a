import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { normalAddress } from '../../../kernel/address.ts';
import { Fault } from '../../../kernel/errors.ts';
import { WHIP_PATH } from '../../../kernel/live/paths.ts';
import type { Log } from '../../../kernel/log.ts';
import type { Desk } from '../../seams.ts';
import { Turnstile, type TurnstileLimits } from '../turnstile.ts';
import { WhipSession } from './session.ts';

export interface WhipDoorOptions {
  /** Where media is expected: an address, or 0.0.0.0 for all of this machine's. */
  readonly host: string;
  readonly desk: Desk;
  readonly log: Log;
  readonly limits?: TurnstileLimits;
  readonly connectMs?: number;
}

/** Each decrypts its packets in this process, and has an ffmpeg. */
const LIMITS: TurnstileLimits = { everybody: 100, waiting: 32, waitingPerAddress: 8 };
const CONNECT_MS = 15_000;
const OFFER_BYTES = 64 * 1024;
const SDP = 'application/sdp';
const SESSION_PATH = `${WHIP_PATH}/:id`;

/** Where WebRTC publishers come in by WHIP (RFC 9725), without trickling of candidates: the offer has all of them. */
export class WhipDoor {
  readonly #options: WhipDoorOptions;
  readonly #turnstile: Turnstile;
  readonly #sessions = new Map<string, WhipSession>();

  constructor(options: WhipDoorOptions) {
    this.#options = options;
    this.#turnstile = new Turnstile(options.limits ?? LIMITS);
  }

  mount(app: FastifyInstance): void {
    app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(SDP, { parseAs: 'string' }, (_request, body, done) => done(null, body));
      // Any page may publish that has a key; no cookie is ever read.
      scope.addHook('onRequest', async (_request, reply) => {
        reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', 'Location');
      });
      const schema = { hide: true };
      answerMethods(scope, WHIP_PATH, ['POST', 'OPTIONS']);
      answerMethods(scope, SESSION_PATH, ['DELETE', 'OPTIONS']);
      scope.post(WHIP_PATH, { schema, bodyLimit: OFFER_BYTES }, (request, reply) => this.#post(request, reply));
      scope.delete<{ Params: { id: string } }>(SESSION_PATH, { schema }, async ({ params }, reply) => {
        const session = this.#sessions.get(params.id);
        if (!session) throw new Fault('NOT_FOUND');
        session.finish();
        return reply.code(200).send();
      });
    });
  }

  /** Sends every publisher away. */
  stop(): void {
    for (const session of this.#sessions.values()) session.close('UNAVAILABLE');
  }

  async #post(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [, streamKey] = /^Bearer ([\w.~+/=-]{1,200})$/i.exec(request.headers.authorization ?? '') ?? [];
    if (streamKey === undefined) throw new Fault('STREAM_KEY_REFUSED');
    if (typeof request.body !== 'string') throw new Fault('UNSUPPORTED_MEDIA_TYPE');
    const address = normalAddress(request.ip) ?? '';
    const ticket = this.#turnstile.enter(address);
    if (!ticket) throw new Fault('LIVE_FULL');
    const id = randomBytes(16).toString('base64url');
    const { desk, log, host, connectMs = CONNECT_MS } = this.#options;
    const close = () => this.#sessions.delete(id);
    const session = new WhipSession({ desk, log, address, ticket, connectMs, close });
    this.#sessions.set(id, session);
    const answer = await session.start(streamKey, request.body, host);
    return reply.code(201).header('location', `${WHIP_PATH}/${id}`).type(SDP).send(answer);
  }
}

const METHODS = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

/** OPTIONS as RFC 9725 section 4.1 has it, and 405 for what is kept for later versions or, as PATCH, is not offered here. */
function answerMethods(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  const schema = { hide: true };
  const allow = allowed.join(', ');
  app.options(url, { schema }, async (_request, reply) =>
    reply
      .code(200)
      .header('access-control-allow-methods', allow)
      .header('access-control-allow-headers', 'Authorization, Content-Type')
      .header('accept-post', SDP)
      .send(),
  );
  const refuse = async (_request: FastifyRequest, reply: FastifyReply): Promise<never> => {
    reply.header('allow', allow);
    throw new Fault('METHOD_NOT_ALLOWED');
  };
  // Before a body is read, whose type would be refused first.
  const method = METHODS.filter((each) => !allowed.includes(each));
  app.route({ method, url, schema, onRequest: refuse, handler: refuse });
}
