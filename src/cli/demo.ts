import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Asset } from './asset.ts';
import { pathOf } from './asset-path.ts';
import { Failure } from './failure.ts';
import type { Api } from './server.ts';

const run = promisify(execFile);

const SAMPLE = fileURLToPath(new URL('../../media/samples/sample.json', import.meta.url));

/** How ffmpeg draws the film, as media/samples/sample.json says. */
interface Sample {
  readonly title: string;
  readonly filename: string;
  readonly arguments: readonly string[];
}

/** How long the demo link is good for: long enough to be tried again tomorrow. */
const LINK_SECONDS = 86_400;
const ASK_MS = 200;

/**
 * The sample film's asset, made at the first start and playable from then on; undefined when it was deleted on purpose.
 * `demo.json` in the data folder remembers it, so that a later start makes nothing again.
 */
export async function ensureSample(
  api: Api,
  folder: string,
  say: (text: string) => void,
  stop: AbortSignal,
): Promise<string | undefined> {
  const marker = join(folder, 'demo.json');
  const known = await readMarker(marker);
  if (known !== undefined) return (await isThere(known, api)) ? known : undefined;
  say('Making a sample film ...');
  const assetId = await ingestSample(api, stop);
  await writeFile(marker, `${JSON.stringify({ assetId })}\n`);
  await untilPlayable(assetId, api, stop);
  return assetId;
}

/** The player's open page with the film under a signed URL: who has the link may watch without signing in. */
export async function sampleLink(
  api: Api,
  assetId: string | undefined,
  consoleUrl: string,
): Promise<string | undefined> {
  if (assetId === undefined) return undefined;
  const wanted = { assetId, expiresInSeconds: LINK_SECONDS };
  const grant = await api.call<SignedUrls>('POST', '/v1/playback-grants', wanted);
  const { url, posterUrl: poster, storyboardUrl: storyboard } = grant;
  return `${consoleUrl}/#/play?${new URLSearchParams({ url, poster, storyboard })}`;
}

interface SignedUrls {
  readonly url: string;
  readonly posterUrl: string;
  readonly storyboardUrl: string;
}

async function ingestSample(api: Api, stop: AbortSignal): Promise<string> {
  const sample = JSON.parse(await readFile(SAMPLE, 'utf8')) as Sample;
  const folder = await mkdtemp(join(tmpdir(), 'frontrow-sample-'));
  try {
    const file = join(folder, sample.filename);
    await drawSample(sample, file, stop);
    const labels = new URLSearchParams({ title: sample.title, policy: 'signed', filename: sample.filename });
    const { size } = await stat(file);
    const { assetId } = await api.send<Asset>(`/v1/assets?${labels}`, createReadStream(file), size);
    return assetId;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function drawSample(sample: Sample, file: string, stop: AbortSignal): Promise<void> {
  try {
    await run('ffmpeg', ['-v', 'error', '-nostdin', ...sample.arguments, file], { signal: stop });
  } catch (cause) {
    throw new Failure('DEMO_FAILED', 'ffmpeg could not make the sample film; is it installed?', { cause });
  }
}

async function untilPlayable(assetId: string, api: Api, stop: AbortSignal): Promise<void> {
  for (;;) {
    const { status, error } = await api.call<Asset>('GET', pathOf(assetId));
    if (status === 'playable' || status === 'ready') return;
    if (status === 'errored') throw new Failure('DEMO_FAILED', error?.detail ?? 'It could not be encoded.');
    await pause(ASK_MS, undefined, { signal: stop });
  }
}

async function isThere(assetId: string, api: Api): Promise<boolean> {
  try {
    await api.call('GET', pathOf(assetId));
    return true;
  } catch (cause) {
    if (cause instanceof Failure && cause.code === 'NOT_FOUND') return false;
    throw cause;
  }
}

async function readMarker(file: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { assetId: string }).assetId;
  } catch {
    return undefined; // the first start
  }
}
