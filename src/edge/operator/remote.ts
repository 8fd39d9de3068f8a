import { basename } from 'node:path';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  askPlace,
  type EdgePlace,
  edgePlaces,
  type OperatorQuestion,
  type PlaceAnswer,
  tellAll,
} from '../../config/edge-operator.ts';
import { FAULTS, Fault, type FaultCode } from '../../kernel/errors.ts';
import { answerProblems } from './api.ts';
import type { OperatorToken } from './token.ts';

/** On the edge's own port, below this; not there at all without a token. */
export const REMOTE_PREFIX = '/.well-known/frontrow';

export interface RemoteParts {
  readonly token: OperatorToken;
  /** This process's own folder, and the one in which the others of its edge have theirs. */
  readonly dataDir: string;
  readonly commonDir: string;
  /** What the socket of this process answers from. */
  readonly api: FastifyInstance;
}

/**
 * The same questions as on the socket, for bearers of the token, and about all processes of this edge: whichever of them a
 * connection comes to passes them on to the others.
 */
export function remoteApi(parts: RemoteParts): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    answerProblems(app);
    app.addHook('onRequest', async ({ headers: { authorization } }) => {
      if (authorization === undefined) throw new Fault('TOKEN_MISSING');
      if (!parts.token.isBearer(authorization)) throw new Fault('TOKEN_INVALID');
    });
    const answer = (request: FastifyRequest) => everywhere(questionOf(request), parts);
    app.get('/invalidations', answer);
    app.post('/invalidations', answer);
    app.get('/inspect', answer);
  };
}

function questionOf({ method, url, body }: FastifyRequest): OperatorQuestion {
  const path = url.slice(REMOTE_PREFIX.length);
  return method === 'POST' ? { method, path, body } : { method: 'GET', path };
}

/** @throws Fault of the first process that refuses, UNAVAILABLE when one cannot be reached */
async function everywhere(question: OperatorQuestion, parts: RemoteParts): Promise<object> {
  const own = await ownAnswer(question, parts);
  // What this one refuses the others would refuse too.
  const others = own.answer && own.answer.status < 400 ? await otherAnswers(question, parts) : [];
  const answers = [own, ...others];
  const refusal = answers.find(({ answer }) => answer && answer.status >= 400);
  if (refusal) throw faultOf(refusal);
  return {
    processes: answers.map(({ name, answer }) => ({ name, ...(answer ? (answer.body as object) : { missed: true }) })),
  };
}

async function ownAnswer({ method, path, body }: OperatorQuestion, { api, dataDir, commonDir }: RemoteParts) {
  const { statusCode: status, body: text } = await api.inject({
    method,
    url: path,
    ...(body === undefined ? {} : { payload: body as object }),
  });
  const name = dataDir === commonDir ? 'edge' : basename(dataDir);
  return { name, answer: { status, body: JSON.parse(text) as unknown } } satisfies PlaceAnswer;
}

async function otherAnswers(question: OperatorQuestion, { dataDir, commonDir }: RemoteParts): Promise<PlaceAnswer[]> {
  const places = (await edgePlaces(commonDir)).filter(({ folder }) => folder !== dataDir);
  try {
    return await (isOrder(question) ? tellAll(places, question) : askAll(places, question));
  } catch (cause) {
    throw new Fault('UNAVAILABLE', { says: 'Another process of this edge could not be told; send it again.', cause });
  }
}

/** Nobody may miss what is to be invalidated; a dry run is only a question. */
function isOrder({ method, body }: OperatorQuestion): boolean {
  return method === 'POST' && (body as { dryRun?: unknown }).dryRun !== true;
}

async function askAll(places: readonly EdgePlace[], question: OperatorQuestion): Promise<PlaceAnswer[]> {
  return (await Promise.all(places.map((place) => askPlace(place, question)))).flat();
}

function isFaultCode(code: string | undefined): code is FaultCode {
  return code !== undefined && Object.hasOwn(FAULTS, code);
}

function faultOf({ name, answer }: PlaceAnswer): Fault {
  const { code, detail } = (answer?.body ?? {}) as { code?: string; detail?: string };
  const says = name === 'edge' ? (detail ?? '') : `${name}: ${detail ?? ''}`;
  return new Fault(isFaultCode(code) ? code : 'UNAVAILABLE', { says });
}
