import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { parseOutboundUrl } from '../outbound/addresses.ts';
import { PULL_SCHEMA, QUERY_SCHEMA } from './api-schemas.ts';
import { SOURCE_ADDRESS } from './fetch-source.ts';
import { arrivalFile, asStorageFault, type Intake } from './intake.ts';
import { readLabel } from './label.ts';
import type { IngestDoor, IngestParts } from './parts.ts';
import type { Puller } from './puller.ts';

interface PullBody {
  readonly source: { readonly url: string };
  readonly title?: string;
  readonly policy?: string;
  readonly encryption?: string;
  readonly loudness?: number;
}

type Query = Readonly<Record<'title' | 'policy' | 'encryption' | 'filename', string | undefined>> &
  Pick<PullBody, 'loudness'>;

/** `POST /v1/assets`: a source as the plain body, or JSON that says where to pull it from. */
export class Bodies {
  readonly #parts: IngestParts;
  readonly #intake: Intake;
  readonly #puller: Puller;

  constructor(parts: IngestParts, intake: Intake, puller: Puller) {
    this.#parts = parts;
    this.#intake = intake;
    this.#puller = puller;
  }

  /** Clears what a crash left half received: nobody was told of it. */
  async recover(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  mount(app: FastifyInstance, door: IngestDoor): void {
    app.register(async (scope) => {
      // Text is a source like any other here: it fails as one, with a sentence that helps.
      scope.removeContentTypeParser('text/plain');
      scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      scope.post(
        '/v1/assets',
        {
          onRequest: door.authorize('uploads:write'),
          schema: {
            operationId: 'createAsset',
            summary: 'Bring a film in by one request',
            tags: ['uploads'],
            description: 'The body is the film, or JSON naming the URL to pull it from.',
            consumes: ['application/octet-stream', 'application/json'],
            querystring: QUERY_SCHEMA,
            body: { content: { 'application/json': { schema: PULL_SCHEMA } } },
            response: { 201: door.schemas.asset, 202: door.schemas.asset, ...door.schemas.problems },
          },
        },
        async (request, reply) => {
          const pulled = request.mediaType === 'application/json';
          const id = pulled ? await this.#pull(request) : await this.#receive(request);
          const asset = await this.#parts.assets.find(id);
          // Deleted by somebody else in the very moment it was complete.
          if (!asset) throw new Fault('NOT_FOUND');
          return reply.code(pulled ? 202 : 201).send(door.view(asset));
        },
      );
    });
  }

  async #pull(request: FastifyRequest): Promise<string> {
    const { source, loudness, ...said } = request.body as PullBody;
    const allowPrivate = this.#parts.settings.pullAllowPrivate;
    const url = parseOutboundUrl(source.url, SOURCE_ADDRESS, { allowPrivate });
    const id = newId('as');
    const label = readLabel({ ...said, filename: fileNameOf(url), loudness: loudness?.toString() });
    await this.#intake.begin(id, label);
    await this.#puller.add(id, url.href);
    return id;
  }

  async #receive(request: FastifyRequest): Promise<string> {
    const { loudness, ...query } = request.query as Query;
    const label = readLabel({ ...query, loudness: loudness?.toString() });
    const declared = declaredLength(request);
    if (declared !== undefined && declared > this.#parts.settings.uploadMaxBytes) throw new Fault('BODY_TOO_LARGE');
    if (!request.body) throw new Fault('SOURCE_EMPTY');
    const id = newId('as');
    const file = await arrivalFile(this.#folder, id);
    await this.#intake.begin(id, label, declared);
    try {
      await this.#write(request.body as Readable, file, id, declared);
      await this.#intake.finish(id, file);
      return id;
    } catch (cause) {
      await rm(file, { force: true });
      await this.#intake.withdraw(id);
      throw asStorageFault(cause);
    }
  }

  async #write(body: Readable, file: string, id: string, declared: number | undefined): Promise<void> {
    const { uploadMaxBytes } = this.#parts.settings;
    const intake = this.#intake;
    const out = createWriteStream(file, { mode: 0o640 });
    let at = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        at += chunk.length;
        if (at > uploadMaxBytes) return done(new Fault('BODY_TOO_LARGE'));
        // What is in the file by now: work may begin on it.
        intake.progress(id, out.bytesWritten, declared).then(() => done(null, chunk), done);
      },
    });
    // The request itself stays whole, so that a refusal can still be sent over its socket.
    const source = body.pipe(meter);
    const broken = (cause: Error) => meter.destroy(new Fault('VIEWER_GONE', { cause }));
    body.once('error', broken);
    await pipeline(source, out).finally(() => body.unpipe(meter));
    if (at === 0) throw new Fault('SOURCE_EMPTY');
  }

  get #folder(): string {
    return join(this.#parts.folder, 'bodies');
  }
}

function declaredLength(request: FastifyRequest): number | undefined {
  const length = request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

function fileNameOf(url: URL): string {
  const last = url.pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last).slice(0, 255);
  } catch {
    // Percent signs that encode nothing: the name is only ever shown.
    return last.slice(0, 255);
  }
}
