import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';

/**
 * Where the processes of an edge take orders from whoever may read its data folder: a Unix socket in the folder of each,
 * which is the data folder itself or, of an edge with several processes, `worker-N` in it.
 */
export interface EdgePlace {
  /** `edge` or `worker-N`. */
  readonly name: string;
  readonly folder: string;
}

/** In a place, where what was invalidated is written down. */
export const INVALIDATIONS_FOLDER = 'edge-invalidations';
/** There, that an invalidation could not be told: what lies on disk is not believed at the next start. */
export const MISSED_NOTE = 'missed';
export const EDGE_SOCKET = 'edge.sock';

const SOCKET_NAME = /^edge(?:-\d+)?\.sock$/;
const WORKER_NAME = /^worker-\d+$/;
/** What a system takes as the path of a socket, without the byte that ends it: unix(7), and macOS. */
const MAX_SOCKET_BYTES = process.platform === 'linux' ? 107 : 103;
const TIMEOUT_MS = 60_000;

/** A path too long for a socket cannot be listened on nor connected to, and the system would not say why. */
export function isSocketPath(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_BYTES;
}

/** Every place of an edge below a data folder, whether a process runs there or not. */
export async function edgePlaces(dataFolder: string): Promise<EdgePlace[]> {
  const names = await readdir(dataFolder).catch(() => []);
  const workers = names.filter((name) => WORKER_NAME.test(name));
  workers.sort((one, other) => Number(one.slice(7)) - Number(other.slice(7)));
  return [{ name: 'edge', folder: dataFolder }, ...workers.map((name) => ({ name, folder: join(dataFolder, name) }))];
}

/** What an edge answered. */
export interface OperatorAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface OperatorQuestion {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

/** What came of asking one place; without an answer nobody runs there. */
export interface PlaceAnswer {
  readonly name: string;
  readonly answer: OperatorAnswer | undefined;
}

/** Asks whoever runs in a place; nothing when nobody does. */
export async function askPlace({ name, folder }: EdgePlace, question: OperatorQuestion): Promise<PlaceAnswer[]> {
  const sockets = (await readdir(folder).catch(() => [])).filter((each) => SOCKET_NAME.test(each)).sort();
  const answers = await Promise.all(sockets.map((each) => askSocket(join(folder, each), question)));
  return answers.flatMap((answer, at) =>
    answer ? [{ name: at === 0 ? name : `${name} (${sockets[at]})`, answer }] : [],
  );
}

/**
 * Asks every process of a data folder. Where nobody runs, but answers are kept, a note is left that this was missed: an edge
 * listens before it looks for one, so none can start in between unheard.
 */
export async function tellAll(places: readonly EdgePlace[], question: OperatorQuestion): Promise<PlaceAnswer[]> {
  const told = await Promise.all(places.map((place) => tell(place, question)));
  return told.flat();
}

async function tell(place: EdgePlace, question: OperatorQuestion): Promise<PlaceAnswer[]> {
  const answers = await askPlace(place, question);
  if (answers.length > 0) return answers;
  const hasCache = await stat(join(place.folder, 'edge-cache')).catch(() => undefined);
  if (!hasCache) return [];
  const folder = join(place.folder, INVALIDATIONS_FOLDER);
  const note = join(folder, MISSED_NOTE);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(note, '', { mode: 0o600, flush: true });
  const late = await askPlace(place, question);
  if (late.length > 0) await rm(note, { force: true });
  return late.length > 0 ? late : [{ name: place.name, answer: undefined }];
}

/** Undefined when nobody listens. @throws Error for whoever does not answer as an edge does */
function askSocket(socketPath: string, { method, path, body }: OperatorQuestion): Promise<OperatorAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    const sent = request({ socketPath, method, path, headers, timeout: TIMEOUT_MS }, (response) => {
      response
        .toArray()
        .then((chunks) =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) }),
        )
        .catch(reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`the edge at ${socketPath} does not answer`)));
    sent.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT') resolve(undefined);
      else reject(cause);
    });
    sent.end(text);
  });
}
