import type { Readable } from 'node:stream';
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Asset } from '../../database/assets.ts';
import type { StoredSubtitles, SubtitleRepository } from '../../database/subtitles.ts';
import { Fault } from '../../kernel/errors.ts';
import { subtitlePlaylistKey, subtitleSourceKey } from '../../kernel/film/paths.ts';
import { isId, newId } from '../../kernel/ids.ts';
import type { Cue } from '../../kernel/subtitles/cue.ts';
import { decodeText } from '../../kernel/subtitles/decode.ts';
import { MOST_CUES, parseSubtitles } from '../../kernel/subtitles/parse.ts';
import type { Queue } from '../../queue/queue.ts';
import { WORK } from '../../queue/signals.ts';
import { type SubtitleChange, subtitleChangeJob } from '../../queue/subtitle-change.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { PROBLEMS, type SubtitlesBody, SubtitlesSchema } from '../schemas.ts';

/** A long film's subtitles in a wide script are half of this. */
const BODY_BYTES = 2 * 1024 * 1024;

/** Of one asset, its own included; each is an entry in every player's menu. */
const MOST_TRACKS = 100;

const Id = Type.Object({ assetId: Type.String({ maxLength: 100 }) });
const Key = Type.Object({
  assetId: Type.String({ maxLength: 100 }),
  language: Type.String({ maxLength: 20, description: 'BCP 47.', examples: ['de', 'pt-BR'] }),
});
const Options = Type.Object({
  name: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: "What a menu shows; otherwise the language's name." }),
  ),
  kind: Type.Optional(
    Type.Enum(['subtitles', 'captions'], {
      default: 'subtitles',
      description: 'Captions tell the sounds too, for those who do not hear them.',
    }),
  ),
  default: Type.Optional(Type.Boolean({ default: false, description: 'Shown unless the viewer says otherwise.' })),
  forced: Type.Optional(
    Type.Boolean({ default: false, description: 'Only what must be read to follow the film, such as signs.' }),
  ),
});

export interface SubtitleRouteParts extends Pick<RouteParts, 'assets' | 'requires' | 'signals' | 'urls' | 'announce'> {
  readonly subtitles: SubtitleRepository;
  readonly store: Pick<ObjectStore, 'put' | 'deletePrefix'>;
  readonly queue: Pick<Queue, 'addWithin'>;
}

export function subtitleRoutes(app: ControlApp, parts: SubtitleRouteParts): void {
  const { subtitles, requires } = parts;
  const tags = ['subtitles'];
  const view = (assetId: string) => (track: StoredSubtitles) => viewSubtitles(track, assetId, parts.urls().edge);

  app.get(
    '/v1/assets/:assetId/subtitles',
    {
      onRequest: requires('assets:read'),
      schema: {
        operationId: 'listSubtitles',
        summary: "List a film's subtitles",
        description: 'Its own and uploaded ones, those that are not on the playlist yet too.',
        tags,
        params: Id,
        response: { 200: Type.Object({ items: Type.Array(SubtitlesSchema) }), ...PROBLEMS },
      },
    },
    async ({ params }) => {
      const { id } = await known(parts, params.assetId);
      return { items: (await subtitles.list(id)).map(view(id)) };
    },
  );

  app.register(async (plain) => {
    const scope = plain.withTypeProvider<TypeBoxTypeProvider>();
    // Whatever it is called, it is looked at as text in any encoding.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', async (_request: unknown, payload: Readable) => readBody(payload));
    scope.put(
      '/v1/assets/:assetId/subtitles/:language',
      {
        onRequest: requires('assets:write'),
        schema: {
          operationId: 'putSubtitles',
          summary: 'Upload subtitles',
          tags,
          description: 'The body is SRT or WebVTT. It takes the place of what was uploaded in that language before.',
          consumes: ['text/vtt', 'application/x-subrip', 'text/plain'],
          params: Key,
          querystring: Options,
          response: { 200: SubtitlesSchema, ...PROBLEMS },
        },
      },
      async ({ params, query, body }) => {
        const asset = await known(parts, params.assetId);
        if (asset.status === 'errored') throw new Fault('CONFLICT', { says: 'This asset will never play.' });
        const language = canonical(params.language);
        const cues = readCues(body);
        return view(asset.id)(await keep(parts, asset.id, cues, { ...query, language }));
      },
    );
  });

  app.delete(
    '/v1/assets/:assetId/subtitles/:language',
    {
      onRequest: requires('assets:write'),
      schema: {
        operationId: 'deleteSubtitles',
        summary: 'Remove uploaded subtitles',
        tags,
        description: "Removes an upload; the film's own subtitles of that language, if any, are shown again.",
        params: Key,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async ({ params }, reply) => {
      const { id } = await known(parts, params.assetId);
      const removed = await subtitles.remove(id, canonical(params.language), addWork(parts, id));
      if (!removed) throw new Fault('NOT_FOUND', { says: 'Nothing was uploaded in this language.' });
      tell(parts, id);
      return reply.code(204).send(null);
    },
  );
}

/**
 * The whole of a small body. Fastify's own limit closes the connection under a sender, who then never reads the refusal.
 * @throws Fault BODY_TOO_LARGE
 */
async function readBody(payload: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of payload.iterator({ destroyOnReturn: false })) {
    sizeBytes += (part as Buffer).length;
    if (sizeBytes > BODY_BYTES) throw new Fault('BODY_TOO_LARGE');
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

/** Text, then row and work together: what has been answered will be seen, also after a crash. */
async function keep(
  parts: SubtitleRouteParts,
  assetId: string,
  cues: readonly Cue[],
  given: { language: string; name?: string; kind?: string; default?: boolean; forced?: boolean },
): Promise<StoredSubtitles> {
  const { store, subtitles } = parts;
  const { language } = given;
  const name = `${language.toLowerCase()}-${newId('sub').slice(-8)}`;
  const track = {
    name,
    language,
    ...(given.name === undefined ? {} : { title: given.name }),
    kind: given.kind === 'captions' ? ('captions' as const) : ('subtitles' as const),
    isDefault: given.default === true,
    isForced: given.forced === true,
    origin: 'uploaded' as const,
  };
  await store.put(subtitleSourceKey(assetId, name), Buffer.from(JSON.stringify(cues)));
  const stored = await subtitles.uploaded(assetId, track, MOST_TRACKS, addWork(parts, assetId, name));
  if (!stored) {
    await store.deletePrefix(subtitleSourceKey(assetId, name));
    throw new Fault('CONFLICT', { says: `An asset has at most ${MOST_TRACKS} subtitles.` });
  }
  tell(parts, assetId);
  return stored;
}

function addWork({ queue }: SubtitleRouteParts, assetId: string, name?: string) {
  return (trx: Parameters<Queue['addWithin']>[0], gone: readonly string[]) => {
    const change: SubtitleChange = name === undefined ? { gone } : { name, gone };
    return queue.addWithin(trx, [subtitleChangeJob(assetId, change)]);
  };
}

function tell({ signals, announce }: SubtitleRouteParts, assetId: string): void {
  signals.notify(WORK);
  announce(assetId);
}

/** @throws Fault SUBTITLES_INVALID when there is no cue in it, or too many. */
function readCues(body: unknown): Cue[] {
  const cues = parseSubtitles(decodeText(body instanceof Uint8Array ? body : new Uint8Array()));
  if (cues.length === 0) throw new Fault('SUBTITLES_INVALID');
  if (cues.length < MOST_CUES) return cues;
  throw new Fault('SUBTITLES_INVALID', { says: `Subtitles have fewer than ${MOST_CUES} cues.` });
}

/** @throws Fault INVALID_REQUEST for what is no language tag. */
function canonical(language: string): string {
  try {
    const [tag] = Intl.getCanonicalLocales(language);
    if (tag !== undefined && /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(tag)) return tag;
  } catch {
    // Said below, as for a tag of a form that no language has.
  }
  throw new Fault('INVALID_REQUEST', { says: 'params.language must be a language tag such as de or pt-BR.' });
}

/** @throws Fault NOT_FOUND */
async function known({ assets }: SubtitleRouteParts, assetId: string): Promise<Asset> {
  const asset = isId(assetId, 'as') ? await assets.find(assetId) : undefined;
  if (!asset) throw new Fault('NOT_FOUND', { says: 'There is no asset with this id.' });
  return asset;
}

function viewSubtitles(track: StoredSubtitles, assetId: string, edgeUrl: string): SubtitlesBody {
  const { name, language, title, kind, isDefault, isForced, origin, publishedAtMs, createdAtMs } = track;
  return {
    ...(language === undefined ? {} : { language }),
    ...(title === undefined ? {} : { name: title }),
    kind,
    default: isDefault,
    forced: isForced,
    origin,
    createdAt: new Date(createdAtMs).toISOString(),
    ...(publishedAtMs === undefined
      ? { status: 'pending' as const }
      : { status: 'published' as const, playlistUrl: `${edgeUrl}/${subtitlePlaylistKey(assetId, name)}` }),
  };
}
