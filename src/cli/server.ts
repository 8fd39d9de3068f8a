import { Readable } from 'node:stream';
import { readRunFile } from '../config/run-file.ts';
import type { FieldError } from '../kernel/errors.ts';
import type { Given, Option } from './command.ts';
import { Failure, usage } from './failure.ts';

/** Options of every command that talks to a server. `sign` uses `--token` for a carrier and so names its own. */
export const SERVER_OPTIONS: readonly Option[] = [
  { flags: '--data <dir>', says: "the server's data folder, where run.json says how to reach it (default ./data)" },
  { flags: '--api <url>', says: 'address of the API, instead of run.json (or FRONTROW_API)' },
  { flags: '--token <token>', says: 'API token that goes with --api (or FRONTROW_TOKEN)' },
];

export const JSON_OPTION: Option = { flags: '--json', says: 'print exactly one JSON document' };

/** Finds the server: `--api` and `--token`, else FRONTROW_API and FRONTROW_TOKEN, else run.json. @throws Failure */
export async function findServer(given: Given, tokenOption = 'token'): Promise<Api> {
  const url = given.text('api') ?? (given.has('data') ? undefined : process.env.FRONTROW_API);
  const token = given.text(tokenOption) ?? process.env.FRONTROW_TOKEN;
  if (url === undefined) return serverOfFolder(given.text('data') ?? process.env.FRONTROW_DATA ?? './data');
  if (!/^https?:\/\//.test(url)) throw usage('The API address must be an http or https URL.');
  if (!token) throw usage('An API address needs a token: give one with FRONTROW_TOKEN or on the command line.');
  return new Api(url, token);
}

async function serverOfFolder(folder: string): Promise<Api> {
  const run = await readRunFile(folder);
  if (run?.control && run.adminToken) return new Api(run.control, run.adminToken);
  const says = `No server runs on the data folder ${folder}: start one with \`frontrow serve\`, or name one by --api.`;
  throw new Failure('SERVER_NOT_FOUND', says);
}

interface Problem {
  readonly code: string;
  readonly detail?: string;
  readonly title?: string;
  readonly errors?: readonly FieldError[];
}

/** The public API of one server. */
export class Api {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  get authorization(): string {
    return `Bearer ${this.#token}`;
  }

  /**
   * The JSON answer to a call; undefined for an empty one.
   * @throws Failure with the server's own code and sentence, or SERVER_UNREACHABLE
   */
  async call<Answer>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const response = await this.#fetch(path, {
      method,
      headers: {
        ...headers,
        authorization: this.authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return this.#answer(response);
  }

  /** Creates something from the bytes of a stream. @throws Failure as `call` does */
  async send<Answer>(path: string, body: Readable, sizeBytes: number): Promise<Answer> {
    const headers = { authorization: this.authorization, 'content-type': 'application/octet-stream' };
    const length = { 'content-length': String(sizeBytes) };
    const stream = Readable.toWeb(body) as ReadableStream;
    return this.#answer(
      await this.#fetch(path, { method: 'POST', headers: { ...headers, ...length }, body: stream, duplex: 'half' }),
    );
  }

  /** Sets something to a few bytes, whatever they are. @throws Failure as `call` does */
  async put<Answer>(path: string, body: Uint8Array): Promise<Answer> {
    const headers = { authorization: this.authorization, 'content-type': 'application/octet-stream' };
    return this.#answer(await this.#fetch(path, { method: 'PUT', headers, body: new Uint8Array(body) }));
  }

  /** Nothing but whether somebody answers. @throws Failure SERVER_UNREACHABLE */
  async reach(): Promise<void> {
    const response = await this.#fetch('/health/live', {});
    await response.body?.cancel();
  }

  /** The server's refusal as a failure of the command. */
  failureOf(status: number, body: string): Failure {
    const problem = parseProblem(body);
    if (problem) {
      const { code, detail, title, errors } = problem;
      return new Failure(code, detail ?? title ?? `The server says ${status}.`, { fields: errors ?? [] });
    }
    return new Failure('SERVER_UNREACHABLE', `${this.url} answers ${status}, and not as a Frontrow server does.`);
  }

  async #answer<Answer>(response: Response): Promise<Answer> {
    const text = await response.text();
    if (!response.ok) throw this.failureOf(response.status, text);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(this.url + path, init);
    } catch (cause) {
      throw new Failure('SERVER_UNREACHABLE', `No server answers at ${this.url}.`, { cause });
    }
  }
}

function parseProblem(body: string): Problem | undefined {
  try {
    const problem: unknown = JSON.parse(body);
    return typeof problem === 'object' && problem !== null && 'code' in problem ? (problem as Problem) : undefined;
  } catch {
    return undefined; // some other server's page
  }
}
