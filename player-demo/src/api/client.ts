import { LiveCalls } from './live-calls.ts';
import { Problem, readProblem } from './problem.ts';
import type {
  Asset,
  AssetPage,
  AssetPolicy,
  ClipWish,
  CurrentSession,
  FilmWish,
  GrantRequest,
  KeyAlgorithm,
  Ladder,
  NewSigningKey,
  NewSubtitles,
  PlaybackGrant,
  Session,
  SigningKey,
  Subtitles,
  VersionWish,
} from './shapes.ts';

/** The control API as calls. Everything that is not a 2xx answer is thrown as a `Problem`. */
export class ApiClient {
  readonly #token: () => string | undefined;
  readonly #onSignedOut: () => void;
  readonly live = new LiveCalls((method, path, body) => this.#send(method, path, body));

  /** `onSignedOut` is told when the server no longer takes our token. */
  constructor(token: () => string | undefined, onSignedOut: () => void) {
    this.#token = token;
    this.#onSignedOut = onSignedOut;
  }

  async openSession(signInToken: string): Promise<Session> {
    return this.#send<Session>('POST', '/v1/sessions', { signInToken });
  }

  /** Who is signed in. */
  async getSession(): Promise<CurrentSession> {
    return this.#send('GET', '/v1/sessions/current');
  }

  async closeSession(): Promise<void> {
    await this.#send('DELETE', '/v1/sessions/current');
  }

  /** Every asset, newest first, however many pages that takes. */
  async listAssets(): Promise<readonly Asset[]> {
    const all: Asset[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: AssetPage = await this.#send('GET', `/v1/assets?limit=100${query}`);
      all.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return all;
  }

  async getAsset(assetId: string): Promise<Asset> {
    return this.#send('GET', assetPath(assetId));
  }

  async changeAsset(assetId: string, change: { title?: string; policy?: AssetPolicy }): Promise<Asset> {
    return this.#send('PATCH', assetPath(assetId), change);
  }

  async deleteAsset(assetId: string): Promise<void> {
    await this.#send('DELETE', assetPath(assetId));
  }

  async pullAsset(url: string, wish: FilmWish): Promise<Asset> {
    return this.#send('POST', '/v1/assets', { source: { url }, ...wish });
  }

  async encodeAgain(assetId: string, wish: VersionWish): Promise<Asset> {
    return this.#send('POST', `${assetPath(assetId)}/encodings`, wish);
  }

  async clipAsset(assetId: string, wish: ClipWish): Promise<Asset> {
    return this.#send('POST', `${assetPath(assetId)}/clips`, wish);
  }

  async listLadders(): Promise<readonly Ladder[]> {
    return (await this.#send<{ items: readonly Ladder[] }>('GET', '/v1/ladders')).items;
  }

  async listSubtitles(assetId: string): Promise<readonly Subtitles[]> {
    return (await this.#send<{ items: readonly Subtitles[] }>('GET', `${assetPath(assetId)}/subtitles`)).items;
  }

  /** The file is SRT or WebVTT in any encoding; it takes the place of what was uploaded in that language before. */
  async putSubtitles(assetId: string, file: Blob, { language, ...options }: NewSubtitles): Promise<Subtitles> {
    const query = new URLSearchParams({ kind: options.kind, default: String(options.default) });
    if (options.name !== undefined) query.set('name', options.name);
    return this.#send('PUT', `${subtitlesPath(assetId, language)}?${query}`, file);
  }

  async removeSubtitles(assetId: string, language: string): Promise<void> {
    await this.#send('DELETE', subtitlesPath(assetId, language));
  }

  async issueGrant(request: GrantRequest): Promise<PlaybackGrant> {
    return this.#send('POST', '/v1/playback-grants', request);
  }

  async listKeys(): Promise<readonly SigningKey[]> {
    return (await this.#send<{ items: readonly SigningKey[] }>('GET', '/v1/signing-keys')).items;
  }

  async createKey(name: string, algorithm: KeyAlgorithm): Promise<NewSigningKey> {
    return this.#send('POST', '/v1/signing-keys', { name, algorithm });
  }

  async revokeKey(keyPairId: string): Promise<void> {
    await this.#send('DELETE', `/v1/signing-keys/${encodeURIComponent(keyPairId)}`);
  }

  async #send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#fetch(method, path, body);
    const text = await response.text();
    if (response.ok) return (text ? JSON.parse(text) : undefined) as T;
    const problem = readProblem(response.status, text);
    if (response.status === 401 && this.#token() !== undefined) this.#onSignedOut();
    throw problem;
  }

  async #fetch(method: string, path: string, body: unknown): Promise<Response> {
    const headers = new Headers({ accept: 'application/json' });
    const token = this.#token();
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const isFile = body instanceof Blob;
    if (body !== undefined) headers.set('content-type', isFile ? 'text/plain' : 'application/json');
    const text = isFile ? body : JSON.stringify(body);
    try {
      return await fetch(path, { method, headers, ...(text === undefined ? {} : { body: text }) });
    } catch {
      throw Problem.networkAway(); // The browser says no more than that.
    }
  }
}

function assetPath(assetId: string): string {
  return `/v1/assets/${encodeURIComponent(assetId)}`;
}

function subtitlesPath(assetId: string, language: string): string {
  return `${assetPath(assetId)}/subtitles/${encodeURIComponent(language)}`;
}
