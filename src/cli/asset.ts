import { setTimeout as pause } from 'node:timers/promises';
import { LOUDNESS_LUFS } from '../kernel/loudness.ts';
import { pathOf } from './asset-path.ts';
import type { Command } from './command.ts';
import { Failure, usage } from './failure.ts';
import { readText } from './files.ts';
import { type Api, findServer, JSON_OPTION, SERVER_OPTIONS } from './server.ts';
import { subtitles } from './subtitles.ts';
import { type Terminal, tableLines } from './terminal.ts';

/** An asset as the API tells it; only what is shown here. */
export interface Asset {
  readonly assetId: string;
  readonly title: string;
  readonly policy: 'public' | 'signed';
  readonly encryption?: 'aes-128';
  readonly status: 'uploading' | 'queued' | 'playable' | 'ready' | 'errored';
  readonly createdAt: string;
  readonly durationSeconds?: number;
  readonly progress: { readonly segmentsDone: number; readonly segmentsTotal: number };
  readonly playbackUrl: string;
  readonly error?: { readonly code: string; readonly detail: string };
  /** The asset that it is a part of. */
  readonly clip?: { readonly assetId: string; readonly inSeconds: number; readonly outSeconds: number };
  /** The last time it was asked to be encoded again. */
  readonly encoding?: Encoding;
}

interface Encoding {
  readonly version: number;
  readonly status: 'running' | 'ready' | 'failed';
  readonly ladder: string;
  readonly progress: { readonly segmentsDone: number; readonly segmentsTotal: number };
  readonly error?: { readonly code: string; readonly detail: string };
}

interface AssetPage {
  readonly items: readonly Asset[];
  readonly nextCursor: string | null;
}

const OPTIONS = [...SERVER_OPTIONS, JSON_OPTION];
const ID = { name: '<assetId>', says: 'such as as_k3v9…' };

const list: Command = {
  name: 'list',
  says: 'list assets, newest first',
  options: [{ flags: '--limit <n>', says: 'how many at most (default 50)' }, ...OPTIONS],
  async run(given, terminal) {
    const limit = given.integer('limit', 1, 100_000) ?? 50;
    const api = await findServer(given);
    const items: Asset[] = [];
    let cursor: string | null = '';
    while (cursor !== null && items.length < limit) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: AssetPage = await api.call('GET', `/v1/assets?limit=${Math.min(limit - items.length, 100)}${after}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    const rows = items.map((each) => [each.assetId, each.status, each.policy, each.createdAt, each.title]);
    terminal.answer({ items, nextCursor: cursor }, tableLines(['ASSET', 'STATUS', 'POLICY', 'CREATED', 'TITLE'], rows));
  },
};

const show: Command = {
  name: 'show',
  says: 'show one asset',
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const api = await findServer(given);
    const asset = await api.call<Asset>('GET', pathOf(given.argument('assetId')));
    terminal.answer(asset, assetLines(asset));
  },
};

const remove: Command = {
  name: 'delete',
  says: 'delete an asset with everything made from it',
  takes: [ID],
  options: OPTIONS,
  async run(given, terminal) {
    const assetId = given.argument('assetId');
    const api = await findServer(given);
    await api.call('DELETE', pathOf(assetId));
    terminal.answer({ assetId, deleted: true }, [`${assetId} is deleted.`]);
  },
};

const policy: Command = {
  name: 'policy',
  says: 'say who may watch: everybody, or only holders of a grant',
  takes: [ID, { name: '<policy>', says: 'public or signed' }],
  options: OPTIONS,
  async run(given, terminal) {
    const change = { policy: given.argument('policy') };
    if (change.policy !== 'public' && change.policy !== 'signed') throw usage('The policy is public or signed.');
    const api = await findServer(given);
    const asset = await api.call<Asset>('PATCH', pathOf(given.argument('assetId')), change);
    terminal.answer(asset, [`${asset.assetId} is ${asset.policy} now.`]);
  },
};

const encode: Command = {
  name: 'encode',
  says: 'encode an asset again; viewers keep what they have until the new version is whole',
  takes: [ID],
  options: [
    {
      flags: '--ladder <name>',
      says: "one of the server's ladders, or a JSON file of your own (default: the server's)",
    },
    {
      flags: '--encryption <method>',
      says: 'of the new version (default: as before, under a new key)',
      choices: ['aes-128', 'none'],
    },
    { flags: '--loudness <lufs>', says: 'bring the sound to this loudness (default: as in the present version)' },
    { flags: '--wait', says: 'until the new version is served' },
    ...OPTIONS,
  ],
  async run(given, terminal) {
    const api = await findServer(given);
    const path = pathOf(given.argument('assetId'));
    const ladder = await ladderOf(given.text('ladder'));
    const loudness = given.number('loudness', LOUDNESS_LUFS.least, LOUDNESS_LUFS.most);
    const wish = { ladder, encryption: given.text('encryption'), loudness };
    const begun = await api.call<Asset>('POST', `${path}/encodings`, wish);
    const asset = given.has('wait') ? await awaitEncoding(path, begun, api, terminal) : begun;
    terminal.answer(asset, assetLines(asset));
  },
};

const clip: Command = {
  name: 'clip',
  says: 'make an asset of a part of another, or of a broadcast that goes on; it plays at once',
  takes: [ID],
  options: [
    { flags: '--in <seconds>', says: 'where it begins' },
    { flags: '--out <seconds>', says: 'where it ends' },
    { flags: '--last <seconds>', says: 'in the place of the two: the newest so many seconds' },
    { flags: '--title <text>', says: "what it is called (default: the asset's title)" },
    { flags: '--policy <policy>', says: "who may watch (default: the asset's)", choices: ['public', 'signed'] },
    ...OPTIONS,
  ],
  async run(given, terminal) {
    const inSeconds = given.number('in', 0, MOST_SECONDS);
    const outSeconds = given.number('out', 0, MOST_SECONDS);
    const lastSeconds = given.number('last', 0.5, MOST_SECONDS);
    const isSpan = inSeconds !== undefined && outSeconds !== undefined;
    if (!isSpan && lastSeconds === undefined) throw usage('A clip needs --in and --out, or --last, in seconds.');
    const api = await findServer(given);
    const wish = { inSeconds, outSeconds, lastSeconds, title: given.text('title'), policy: given.text('policy') };
    const made = await api.call<Asset>('POST', `${pathOf(given.argument('assetId'))}/clips`, wish);
    terminal.answer(made, assetLines(made));
  },
};

const MOST_SECONDS = 100_000_000;

/** A name, or what stands in a file. */
async function ladderOf(given: string | undefined): Promise<unknown> {
  if (!given?.endsWith('.json')) return given;
  const text = await readText(given);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw usage(`${given} is not JSON.`);
  }
}

/** How often the server is asked while waiting. */
const ASK_MS = 500;

async function awaitEncoding(path: string, begun: Asset, api: Api, terminal: Terminal): Promise<Asset> {
  const bar = terminal.progress('Encoding ', 'segments');
  try {
    for (let asset = begun; ; asset = await api.call<Asset>('GET', path)) {
      const { encoding } = asset;
      if (encoding?.version !== begun.encoding?.version)
        throw new Failure('CONFLICT', 'Another encoding took its place.');
      if (encoding?.status === 'failed') {
        throw new Failure(encoding.error?.code ?? 'ENCODE_FAILED', encoding.error?.detail ?? 'The encoding failed.');
      }
      if (encoding?.status === 'ready') return asset;
      const { segmentsDone = 0, segmentsTotal = 0 } = encoding?.progress ?? {};
      if (segmentsTotal > 0) bar.update(segmentsDone, segmentsTotal);
      await pause(ASK_MS);
    }
  } finally {
    bar.stop();
  }
}

export const asset: Command = {
  name: 'asset',
  says: 'list, show, encode again, clip, delete assets, change who may watch them, or what can be read below them',
  children: [list, show, encode, clip, remove, policy, subtitles],
};

/** An asset in lines of name and value. */
export function assetLines(asset: Asset): string[] {
  const { progress, durationSeconds, error } = asset;
  return tableLines(
    ['asset', asset.assetId],
    [
      ['title', asset.title],
      ['status', error ? `${asset.status}: ${error.detail} (${error.code})` : asset.status],
      ['policy', asset.policy],
      ...(asset.encryption ? [['encryption', asset.encryption]] : []),
      ...(durationSeconds === undefined ? [] : [['duration', `${durationSeconds.toFixed(1)} s`]]),
      ...(asset.clip ? [['clip', clipLine(asset.clip)]] : []),
      ['encoded', `${progress.segmentsDone} of ${progress.segmentsTotal} segments`],
      ...(asset.encoding ? [['encoded again', encodingLine(asset.encoding)]] : []),
      ['playback', asset.playbackUrl],
    ],
  );
}

/** Exactly: it holds whole segments. */
function clipLine({ assetId, inSeconds, outSeconds }: NonNullable<Asset['clip']>): string {
  return `${inSeconds.toFixed(3)} s to ${outSeconds.toFixed(3)} s of ${assetId}`;
}

function encodingLine({ version, status, ladder, progress, error }: Encoding): string {
  const said = {
    running: `${progress.segmentsDone} of ${progress.segmentsTotal} segments`,
    ready: 'served',
    failed: '',
  };
  return `version ${version} by ${ladder}: ${error ? `${error.detail} (${error.code})` : said[status]}`;
}
