import { realpath, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LOUDNESS_LUFS } from '../kernel/loudness.ts';
import type { Asset } from './asset.ts';
import { pathOf } from './asset-path.ts';
import type { Command } from './command.ts';
import { Failure } from './failure.ts';
import { unreadable } from './files.ts';
import { type Api, findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import type { Terminal } from './terminal.ts';
import { sendFile } from './tus.ts';

export const upload: Command = {
  name: 'upload',
  says: 'upload a film; run it again to go on where an interrupted upload stopped',
  takes: [{ name: '<file>', says: 'video or audio' }],
  options: [
    { flags: '--policy <policy>', says: 'who may watch (default public)', choices: ['public', 'signed'] },
    {
      flags: '--encrypt',
      says: 'encrypt what is stored and sent (HLS, AES-128); viewers get the key as they get the film',
    },
    { flags: '--title <text>', says: 'title (default: the name of the file)' },
    { flags: '--loudness <lufs>', says: 'bring the sound to this loudness, such as -23 or -16' },
    { flags: '--wait <status>', says: 'return only when it is this far', choices: ['playable', 'ready'] },
    ...SERVER_OPTIONS,
    JSON_OPTION,
  ],
  async run(given, terminal) {
    const loudness = given.number('loudness', LOUDNESS_LUFS.least, LOUDNESS_LUFS.most);
    const file = await openFilm(given.argument('file'));
    const api = await findServer(given);
    const title = given.text('title') ?? basename(file.path, extname(file.path));
    const policy = given.text('policy') ?? 'public';
    const labels = {
      title,
      policy,
      filename: basename(file.path),
      ...(given.has('encrypt') ? ENCRYPTED : {}),
      ...(loudness === undefined ? {} : { loudness: `${loudness}` }),
    };
    const assetId = await send(file, labels, api, terminal);
    const asset = await awaitStatus(assetId, given.text('wait'), api, terminal);
    const { status, playbackUrl } = asset;
    terminal.answer({ assetId, status, playbackUrl }, [`${assetId}  ${status}`, playbackUrl]);
  },
};

const ENCRYPTED = { encryption: 'aes-128' } as const;

interface Film {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
}

async function openFilm(name: string): Promise<Film> {
  try {
    const path = await realpath(name);
    const { size, mtimeMs } = await stat(path);
    if ((await stat(path)).isFile()) return { path, sizeBytes: size, changedMs: mtimeMs };
  } catch (cause) {
    throw unreadable(name, cause);
  }
  throw new Failure('FILE_UNREADABLE', `${name} is not a file.`);
}

async function send(film: Film, labels: Record<string, string>, api: Api, terminal: Terminal): Promise<string> {
  const bar = terminal.progress('Uploading', 'bytes');
  try {
    return await sendFile(film, labels, api, {
      onProgress: (sentBytes) => bar.update(sentBytes, film.sizeBytes),
      onNote: (text) => terminal.note(text),
    });
  } finally {
    bar.stop();
  }
}

/** How often the server is asked while waiting. */
const ASK_MS = 500;

/** The asset once it is as far as wanted; at once when nothing is waited for. @throws Failure when it is errored */
async function awaitStatus(assetId: string, wanted: string | undefined, api: Api, terminal: Terminal): Promise<Asset> {
  const bar = terminal.progress('Encoding ', 'segments');
  try {
    for (;;) {
      const asset = await api.call<Asset>('GET', pathOf(assetId));
      if (asset.status === 'errored') throw errored(asset);
      if (wanted === undefined || asset.status === 'ready' || asset.status === wanted) return asset;
      if (asset.progress.segmentsTotal > 0) bar.update(asset.progress.segmentsDone, asset.progress.segmentsTotal);
      await pause(ASK_MS);
    }
  } finally {
    bar.stop();
  }
}

function errored({ assetId, error }: Asset): Failure {
  return new Failure(error?.code ?? 'UPLOAD_FAILED', `${assetId}: ${error?.detail ?? 'the film cannot be played.'}`);
}
