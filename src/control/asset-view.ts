import type { Asset, Encoding } from '../database/assets.ts';
import type { Film, LeftOutTrack } from '../kernel/film/film.ts';
import { manifestKey, masterKey, posterKey, storyboardKey } from '../kernel/film/paths.ts';
import { clipOf, type RecordedFilm } from '../kernel/recording/recorded-film.ts';
import type { AssetBody } from './schemas.ts';

type RenditionBody = NonNullable<AssetBody['renditions']>[number];

/** An asset as the API shows it. `edgeUrl` is where viewers reach the edge, without a slash at its end. */
export function viewAsset(asset: Asset, edgeUrl: string): AssetBody {
  // Pictures are taken of the whole film.
  const isWhole = !asset.arriving;
  const { film, recording } = asset;
  const isShown = isWhole && film?.video !== undefined && (asset.status === 'playable' || asset.status === 'ready');
  const pictures = isShown || recording?.storyboard !== undefined;
  const durationSeconds = film?.durationSeconds ?? recording?.durationSeconds;
  const tracks = film ?? recording?.format;
  return {
    assetId: asset.id,
    title: asset.title,
    policy: asset.policy,
    ...(asset.encryption ? { encryption: asset.encryption } : {}),
    status: asset.status,
    createdAt: new Date(asset.createdAtMs).toISOString(),
    updatedAt: new Date(asset.updatedAtMs).toISOString(),
    source: {
      name: asset.sourceName,
      ...(asset.sourceBytes === undefined ? {} : { sizeBytes: asset.sourceBytes }),
      ...(asset.sourceSha256 === undefined ? {} : { sha256: asset.sourceSha256 }),
      ...(asset.arriving ? { receivedBytes: asset.receivedBytes } : {}),
    },
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(tracks ? { renditions: renditionsOf(tracks) } : {}),
    ...(recording ? recordingOf(recording) : {}),
    ...(film?.audio?.loudness ? { loudness: film.audio.loudness } : {}),
    progress: { segmentsDone: asset.segmentsDone, segmentsTotal: asset.segmentsTotal },
    playbackUrl: `${edgeUrl}/${masterKey(asset.id)}`,
    ...(asset.encryption ? {} : { dashUrl: `${edgeUrl}/${manifestKey(asset.id)}` }),
    ...(pictures ? { posterUrl: `${edgeUrl}/${posterKey(asset.id)}` } : {}),
    ...(pictures && (film ?? recording)?.storyboard ? { storyboardUrl: `${edgeUrl}/${storyboardKey(asset.id)}` } : {}),
    ...(film?.leftOut ? { notes: notesOf(film.leftOut) } : {}),
    ...viewError(asset),
    version: asset.version,
    ...(asset.encoding ? { encoding: viewEncoding(asset.encoding) } : {}),
  };
}

function recordingOf(recording: RecordedFilm): Pick<AssetBody, 'recording' | 'clip'> {
  const clip = clipOf(recording);
  if (clip) {
    const { assetId, inSeconds, outSeconds } = clip;
    return { clip: { assetId, inSeconds: rounded(inSeconds), outSeconds: rounded(outSeconds) } };
  }
  return 'streamId' in recording.from ? { recording: recording.from } : {};
}

/** Sums of ticks by different clocks have digits that mean nothing. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}

function viewError({ error }: Pick<Asset, 'error'>): Pick<AssetBody, 'error'> {
  return error ? { error: { code: error.code, detail: error.says } } : {};
}

function viewEncoding(encoding: Encoding): NonNullable<AssetBody['encoding']> {
  const { version, state, ladder, encryption, segmentsDone, segmentsTotal, createdAtMs } = encoding;
  return {
    version,
    status: state,
    ladder: ladder.name,
    ...(encryption ? { encryption } : {}),
    requestedAt: new Date(createdAtMs).toISOString(),
    progress: { segmentsDone, segmentsTotal },
    ...viewError(encoding),
  };
}

function renditionsOf(film: Film | RecordedFilm['format']): RenditionBody[] {
  const video = (film.video?.renditions ?? []).map(({ name, width, height, codecs, maxrateBps }) => ({
    name,
    kind: 'video' as const,
    width,
    height,
    codecs,
    bitrateBps: maxrateBps,
  }));
  const audio = (film.audio?.renditions ?? []).map(({ name, codecs, bitrateBps, channels, language, label }) => ({
    name,
    kind: 'audio' as const,
    codecs,
    bitrateBps,
    channels,
    ...(language === undefined ? {} : { language }),
    ...(label === undefined ? {} : { label }),
  }));
  return [...video, ...audio];
}

function notesOf(tracks: readonly LeftOutTrack[]): string[] {
  return tracks.map(({ kind, why, language }) => {
    const which = `${kind === 'audio' ? 'A track of sound' : 'Subtitles'}${language ? ` (${language})` : ''}`;
    return `${which} left out: ${REASONS[why]}.`;
  });
}

const REASONS: Readonly<Record<LeftOutTrack['why'], string>> = {
  pictures: 'drawn as pictures, which cannot become text',
  'too-many': 'more than a film may have',
  later: 'the source is several recordings joined, and the first has none like it',
};
