import type { Kysely, Selectable } from 'kysely';
import type { FaultCode } from '../kernel/errors.ts';
import type { Film } from '../kernel/film/film.ts';
import type { Ladder } from '../kernel/ladder/ladder.ts';
import type { RecordedFilm } from '../kernel/recording/recorded-film.ts';
import type { Asset, Encoding, NewAsset } from './assets.ts';
import type { AssetTable, EncodingTable, Schema } from './schema.ts';

/** An asset's row, with that of its last encoding anew where there is one. */
export type AssetRow = Selectable<AssetTable> & Partial<JoinedEncoding>;

type JoinedEncoding = {
  [Column in keyof typeof JOINED as `enc_${Column & string}`]: Selectable<EncodingTable>[Column] | null;
};

const JOINED = {
  version: true,
  state: true,
  ladder: true,
  encryption: true,
  film: true,
  segments_total: true,
  segments_done: true,
  error_code: true,
  error_says: true,
  created_at: true,
} as const;

export function joinedAssets(db: Kysely<Schema>) {
  return db
    .selectFrom('assets')
    .leftJoin('encodings', 'encodings.asset_id', 'assets.id')
    .selectAll('assets')
    .select([
      'encodings.version as enc_version',
      'encodings.state as enc_state',
      'encodings.ladder as enc_ladder',
      'encodings.encryption as enc_encryption',
      'encodings.film as enc_film',
      'encodings.segments_total as enc_segments_total',
      'encodings.segments_done as enc_segments_done',
      'encodings.error_code as enc_error_code',
      'encodings.error_says as enc_error_says',
      'encodings.created_at as enc_created_at',
    ]);
}

/** An asset as it is made: nothing of it has arrived. */
export function newAssetRow(asset: NewAsset, now: number): Selectable<AssetTable> {
  return {
    id: asset.id,
    title: asset.title,
    policy: asset.policy,
    status: 'uploading',
    version: 1,
    encryption: asset.encryption ?? null,
    source_name: asset.sourceName,
    source_bytes: asset.sourceBytes ?? null,
    received_bytes: 0,
    received_by: asset.receivedBy ?? null,
    arriving: 1,
    source_sha256: null,
    loudness_lufs: asset.loudnessLufs ?? null,
    film: null,
    recording: null,
    segments_total: 0,
    segments_done: 0,
    error_code: null,
    error_says: null,
    created_at: now,
    updated_at: now,
  };
}

export function toAsset(row: AssetRow): Asset {
  const encoding = toEncoding(row);
  return {
    id: row.id,
    title: row.title,
    policy: row.policy,
    status: row.status,
    version: row.version,
    ...(row.encryption === null ? {} : { encryption: row.encryption }),
    sourceName: row.source_name,
    ...(row.source_bytes === null ? {} : { sourceBytes: Number(row.source_bytes) }),
    receivedBytes: Number(row.received_bytes),
    arriving: row.arriving === 1,
    ...(row.source_sha256 === null ? {} : { sourceSha256: row.source_sha256 }),
    ...(row.loudness_lufs === null ? {} : { loudnessLufs: row.loudness_lufs }),
    ...(row.film === null ? {} : { film: JSON.parse(row.film) as Film }),
    ...(row.recording === null ? {} : { recording: JSON.parse(row.recording) as RecordedFilm }),
    segmentsTotal: row.segments_total,
    segmentsDone: row.segments_done,
    ...errorOf(row.error_code, row.error_says),
    ...(encoding ? { encoding } : {}),
    createdAtMs: Number(row.created_at),
    updatedAtMs: Number(row.updated_at),
  };
}

function toEncoding(row: AssetRow): Encoding | undefined {
  const { enc_version: version, enc_state: state, enc_ladder: ladder } = row;
  if (version == null || state == null || ladder == null) return undefined;
  return {
    version,
    state,
    ladder: JSON.parse(ladder) as Ladder,
    ...(row.enc_encryption == null ? {} : { encryption: row.enc_encryption }),
    ...(row.enc_film == null ? {} : { film: JSON.parse(row.enc_film) as Film }),
    segmentsTotal: row.enc_segments_total ?? 0,
    segmentsDone: row.enc_segments_done ?? 0,
    ...errorOf(row.enc_error_code ?? null, row.enc_error_says ?? null),
    createdAtMs: Number(row.enc_created_at),
  };
}

function errorOf(code: string | null, says: string | null): { error?: { code: FaultCode; says: string } } {
  return code === null ? {} : { error: { code: code as FaultCode, says: says ?? '' } };
}
