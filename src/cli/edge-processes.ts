import { join, resolve } from 'node:path';
import {
  askPlace,
  EDGE_SOCKET,
  type EdgePlace,
  edgePlaces,
  isSocketPath,
  type OperatorAnswer,
  type OperatorQuestion,
  type PlaceAnswer,
  tellAll,
} from '../config/edge-operator.ts';
import type { Given, Option } from './command.ts';
import { Failure } from './failure.ts';

export const EDGE_DATA_OPTION: Option = { flags: '--data <dir>', says: "the edge's data folder (default ./data)" };

/** An edge on this machine, found by its data folder: all of its processes, each of which has a cache of its own. */
export class EdgeProcesses {
  readonly #folder: string;
  readonly #places: readonly EdgePlace[];

  private constructor(folder: string, places: readonly EdgePlace[]) {
    this.#folder = folder;
    this.#places = places;
  }

  /** @throws Failure SOCKET_PATH_TOO_LONG */
  static async of(given: Given): Promise<EdgeProcesses> {
    const folder = resolve(given.text('data') ?? process.env.FRONTROW_DATA ?? './data');
    const places = await edgePlaces(folder);
    const tooLong = places.map((place) => join(place.folder, EDGE_SOCKET)).find((path) => !isSocketPath(path));
    if (tooLong === undefined) return new EdgeProcesses(folder, places);
    const says = `${tooLong} is too long a path for a socket: give the edge a data folder with a shorter one.`;
    throw new Failure('SOCKET_PATH_TOO_LONG', says);
  }

  /** What those that run say. @throws Failure SERVER_NOT_FOUND when none does, or what one of them refuses with */
  async ask(question: OperatorQuestion): Promise<PlaceAnswer[]> {
    const answers = await reaching(Promise.all(this.#places.map((place) => askPlace(place, question))));
    return this.#checked(answers.flat());
  }

  /** The same for what none may miss: a place whose process does not run is told when it starts. */
  async tell(question: OperatorQuestion): Promise<PlaceAnswer[]> {
    // Where nobody runs at all, nothing must be noted either.
    await this.ask({ method: 'GET', path: '/invalidations' });
    return this.#checked(await reaching(tellAll(this.#places, question)));
  }

  #checked(answers: PlaceAnswer[]): PlaceAnswer[] {
    if (!answers.some(({ answer }) => answer)) {
      throw new Failure('SERVER_NOT_FOUND', `No edge runs on the data folder ${this.#folder}.`);
    }
    for (const { name, answer } of answers) if (answer && answer.status >= 400) throw refusal(name, answer);
    return answers;
  }
}

async function reaching<T>(answers: Promise<T>): Promise<T> {
  try {
    return await answers;
  } catch (cause) {
    throw new Failure('SERVER_UNREACHABLE', `An edge cannot be reached: ${(cause as Error).message}.`, { cause });
  }
}

function refusal(name: string, { status, body }: OperatorAnswer): Failure {
  const { code, detail } = (body ?? {}) as { code?: string; detail?: string };
  return new Failure(code ?? 'SERVER_UNREACHABLE', `${name}: ${detail ?? `answers ${status}`}`);
}
