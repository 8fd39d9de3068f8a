import { Type } from '@fastify/type-provider-typebox';
import { listLadders, readLadder, readNamedLadder } from '../../config/ladders.ts';
import type { Asset } from '../../database/assets.ts';
import type { EncodingRepository } from '../../database/encodings.ts';
import { Fault } from '../../kernel/errors.ts';
import { versionKeys } from '../../kernel/film/paths.ts';
import { isId } from '../../kernel/ids.ts';
import { type Ladder, parseLadder, withLoudness } from '../../kernel/ladder/ladder.ts';
import { PRIORITY_PROBE_AGAIN, type Queue } from '../../queue/queue.ts';
import { WORK } from '../../queue/signals.ts';
import { encodingSubject } from '../../queue/subjects.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { ControlApp, RouteParts } from '../parts.ts';
import { AssetSchema, LadderSchema, NewEncoding, PROBLEMS } from '../schemas.ts';

export interface EncodingRouteParts extends Pick<RouteParts, 'assets' | 'requires' | 'signals' | 'announce' | 'view'> {
  readonly encodings: EncodingRepository;
  readonly queue: Pick<Queue, 'addWithin' | 'cancel'>;
  readonly store: Pick<ObjectStore, 'deletePrefix'>;
  /** Where ladders are found by their name. */
  readonly ladderFolder: string;
  /** The ladder of those who name none, as the operator has set it. */
  readonly defaultLadder: string;
}

const ENCRYPTIONS = { 'aes-128': 'aes-128', none: null } as const;

/** Makes a new version of a film from its stored source, while viewers go on with the one they have. */
export function encodingRoutes(app: ControlApp, parts: EncodingRouteParts): void {
  const { assets, encodings, queue, signals, announce, view } = parts;
  app.get(
    '/v1/ladders',
    {
      onRequest: parts.requires('assets:read'),
      schema: {
        operationId: 'listLadders',
        description: 'By their names, which an upload or another encoding may give.',
        tags: ['assets'],
        summary: 'The ladders that an asset can be encoded by',
        response: { 200: Type.Object({ items: Type.Array(LadderSchema) }), ...PROBLEMS },
      },
    },
    async () => {
      const all = await listLadders(parts.ladderFolder);
      const items = all.map(({ name, ladder }) => ({
        name,
        isDefault: name === parts.defaultLadder,
        rungs: ladder.rungs.map(({ height, codec, maxrateBps }) => ({ height, codec, maxrateBps })),
      }));
      return { items };
    },
  );
  app.post(
    '/v1/assets/:assetId/encodings',
    {
      onRequest: parts.requires('assets:write'),
      schema: {
        operationId: 'encodeAsset',
        tags: ['assets'],
        summary: 'Encode an asset again',
        description:
          'Makes a new version of an asset from its stored source: of one that is ready, that was given up, or whose first version is still being made, which then goes first. Viewers keep the present version until the new one is whole. Asking for the same again while it runs changes nothing; asking for another makes that one instead.',
        params: Type.Object({ assetId: Type.String({ maxLength: 100 }) }),
        body: NewEncoding,
        response: { 202: AssetSchema, ...PROBLEMS },
      },
    },
    async ({ params: { assetId }, body }, reply) => {
      if (!isId(assetId, 'as')) throw new Fault('NOT_FOUND', { says: 'There is no asset with this id.' });
      const ladder = levelled(await ladderOf(body.ladder, parts), body.loudness, await assets.find(assetId));
      const wish = { ladder, ...(body.encryption === undefined ? {} : { encryption: ENCRYPTIONS[body.encryption] }) };
      const { replaces, isNew } = await encodings.request(assetId, wish, (trx, version) => {
        const subject = encodingSubject(assetId, version);
        const work = { kind: 'probe', subject, lanes: [], firstSegment: 0, endSegment: 0, payload: {} };
        return queue.addWithin(trx, [{ ...work, priority: PRIORITY_PROBE_AGAIN }]);
      });
      if (replaces !== undefined) {
        await queue.cancel(encodingSubject(assetId, replaces));
        for (const key of versionKeys(assetId, replaces)) await parts.store.deletePrefix(key);
      }
      if (isNew) signals.notify(WORK);
      announce(assetId);
      const asset = await assets.find(assetId);
      if (!asset) throw new Fault('NOT_FOUND', { says: 'There is no asset with this id.' });
      return reply.code(202).send(view(asset));
    },
  );
}

/** Who says nothing of loudness gets what the present version has, or what the ladder says of itself. */
function levelled(ladder: Ladder, wanted: number | null | undefined, asset: Asset | undefined): Ladder {
  // Of a film that is not planned yet, what was said when it was sent.
  const present = asset?.film ? asset.film.audio?.loudness?.targetLufs : asset?.loudnessLufs;
  if (wanted === undefined) return present === undefined ? ladder : withLoudness(ladder, present);
  return withLoudness(ladder, wanted ?? undefined);
}

/** @throws Fault INVALID_REQUEST where the ladder is the client's own mistake. */
async function ladderOf(given: string | object | undefined, parts: EncodingRouteParts): Promise<Ladder> {
  if (given === undefined) return readLadder(parts.defaultLadder, parts.ladderFolder);
  try {
    return typeof given === 'string'
      ? await readNamedLadder(given, parts.ladderFolder)
      : parseLadder(JSON.stringify(given));
  } catch (cause) {
    const fault = Fault.from(cause);
    if (fault.code !== 'LADDER_INVALID') throw cause;
    throw new Fault('INVALID_REQUEST', { says: fault.message, cause });
  }
}
