import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { freshFolder, removeFolder } from './folder.ts';

const LAUNCHER = fileURLToPath(new URL('../../src/cli/frontrow.js', import.meta.url));

export interface RunInfo {
  readonly pid: number;
  readonly control: string;
  readonly edge: string;
  readonly origin: string;
  readonly rtmp?: string;
  readonly rtmps?: string;
  readonly srt?: string;
  readonly live?: string;
  readonly adminToken: string;
}

export interface AssetBody {
  readonly assetId: string;
  readonly status: 'uploading' | 'queued' | 'playable' | 'ready' | 'errored';
  readonly updatedAt: string;
  readonly playbackUrl: string;
  readonly encryption?: string;
  readonly dashUrl?: string;
  readonly posterUrl?: string;
  readonly storyboardUrl?: string;
  readonly durationSeconds?: number;
  readonly loudness?: { readonly targetLufs: number; readonly measuredLufs?: number };
  readonly renditions?: readonly { readonly name: string; readonly kind: 'video' | 'audio' }[];
  readonly recording?: { readonly streamId: string; readonly broadcast: number };
  readonly clip?: { readonly assetId: string; readonly inSeconds: number; readonly outSeconds: number };
  readonly source: { readonly sizeBytes?: number; readonly sha256?: string; readonly receivedBytes?: number };
  readonly progress: { readonly segmentsDone: number; readonly segmentsTotal: number };
  readonly error?: { readonly code: string; readonly detail: string };
  /** The one that viewers get. */
  readonly version: number;
  readonly encoding?: {
    readonly version: number;
    readonly status: 'running' | 'ready' | 'failed';
    readonly ladder: string;
    readonly encryption?: string;
    readonly progress: { readonly segmentsDone: number; readonly segmentsTotal: number };
    readonly error?: { readonly code: string; readonly detail: string };
  };
}

export interface ServerOptions {
  /** A folder that outlives the server, for a second start on the same data. Without one the server's own is removed. */
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Which roles run; all of them unless told. */
  readonly roles?: string;
}

/** A real server in a process of its own, on ports of its own, found as every client finds it: by run.json. */
export class TestServer {
  readonly run: RunInfo;
  readonly folder: string;
  readonly #process: ChildProcess;
  readonly #said: readonly string[];
  readonly #keepFolder: boolean;

  private constructor(
    process: ChildProcess,
    run: RunInfo,
    said: readonly string[],
    folder: string,
    keepFolder: boolean,
  ) {
    this.#process = process;
    this.run = run;
    this.#said = said;
    this.folder = folder;
    this.#keepFolder = keepFolder;
  }

  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const folder = options.folder ?? (await freshFolder());
    const roles = options.roles === undefined ? [] : ['--roles', options.roles];
    const ports = ['--port', '0', '--edge-port', '0'];
    const child = spawn(process.execPath, [LAUNCHER, 'serve', '--data', folder, ...ports, ...roles], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FRONTROW_LOG_LEVEL: 'warn', ...options.environment },
    });
    const said: string[] = [];
    child.stdout?.on('data', (text) => said.push(String(text)));
    child.stderr?.on('data', (text) => said.push(String(text)));
    const died = once(child, 'exit').then(([code]) => {
      throw new Error(`the server ended with ${code} before it was ready:\n${said.join('')}`);
    });
    const run = await Promise.race([readRun(folder, child), died]);
    // From here on an exit is the test's business.
    died.catch(() => {});
    return new TestServer(child, run, said, folder, options.folder !== undefined);
  }

  /** The console's link as the server printed it. */
  async signInUrl(): Promise<string> {
    for (;;) {
      const link = /http\S+#\/sign-in\/\S+/.exec(this.#said.join(''))?.[0];
      if (link) return link;
      // run.json is written a moment before the links are printed.
      if (this.#process.stdout) await once(this.#process.stdout, 'data');
    }
  }

  /** Another link for the administrator: each works once. */
  async anotherSignInUrl(): Promise<string> {
    const response = await this.api('POST', '/v1/users/usr_administrator/sign-in-links', {});
    return ((await response.json()) as { signInUrl: string }).signInUrl;
  }

  /** All that the server has said so far, its log included. */
  get said(): string {
    return this.#said.join('');
  }

  /** As a power cut would: no warning, no clean-up. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended();
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#ended();
    if (!this.#keepFolder) await removeFolder(this.folder);
  }

  /** A call to the control API as the administrator. */
  async api(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.run.control}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.run.adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** A great film is sent while it is read: a Blob of a file is many times slower. */
  uploadFile(path: string, filename: string): Promise<AssetBody> {
    const body = Readable.toWeb(createReadStream(path, { highWaterMark: 1_048_576 })) as ReadableStream<Uint8Array>;
    return this.upload(body, filename);
  }

  /** Uploads bytes as one raw body. */
  async upload(
    bytes: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    filename: string,
    policy = 'public',
    encryption = 'none',
  ): Promise<AssetBody> {
    const query = new URLSearchParams({ filename, policy, encryption });
    const response = await fetch(`${this.run.control}/v1/assets?${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.run.adminToken}`, 'content-type': 'application/octet-stream' },
      body: bytes,
      duplex: 'half',
    });
    if (!response.ok) throw new Error(`upload refused: ${response.status} ${await response.text()}`);
    return (await response.json()) as AssetBody;
  }

  async asset(assetId: string): Promise<AssetBody> {
    const response = await this.api('GET', `/v1/assets/${assetId}`);
    if (!response.ok) throw new Error(`no asset ${assetId}: ${response.status}`);
    return (await response.json()) as AssetBody;
  }

  /** Follows the console's event feed until the asset satisfies the question. */
  async until(assetId: string, satisfied: (asset: AssetBody) => boolean): Promise<AssetBody> {
    const { promise, resolve, reject } = Promise.withResolvers<AssetBody>();
    const socket = new WebSocket(`${this.run.control.replace(/^http/, 'ws')}/v1/events`, [
      'frontrow',
      `bearer.${this.run.adminToken}`,
    ]);
    const look = (asset: AssetBody) => {
      if (asset.assetId === assetId && satisfied(asset)) resolve(asset);
    };
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(String(data)) as { type: string; asset?: AssetBody };
      if (event.asset) look(event.asset);
    };
    socket.onclose = () => reject(new Error('the event feed ended'));
    // What happened before the feed opened is seen by asking once.
    socket.onopen = () => void this.asset(assetId).then(look, reject);
    try {
      return await promise;
    } finally {
      socket.onclose = null;
      socket.close();
    }
  }

  async #ended(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'exit');
  }
}

/** A new empty folder; whoever asked removes it. */
/** Resolves when run.json of this very process is there: the server's own sign that it is ready. */
async function readRun(folder: string, child: ChildProcess): Promise<RunInfo> {
  const watcher = watch(folder);
  try {
    for (;;) {
      const changed = once(watcher, 'change');
      const run = await readFile(join(folder, 'run.json'), 'utf8').then(
        (text) => JSON.parse(text) as RunInfo,
        () => undefined,
      );
      // The launcher may stand between us and the server, and a killed server leaves its old file behind.
      if (run && (run.pid === child.pid || isRunning(run.pid))) return run;
      await changed;
    }
  } finally {
    watcher.close();
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
