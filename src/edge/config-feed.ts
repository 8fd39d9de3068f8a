import type { KeyObject } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { EdgeConfig } from '../kernel/access/edge-config.ts';
import { EDGE_SIGNATURE_HEADER, signEdgeRequest } from '../kernel/access/edge-signature.ts';
import { parsePublicKey } from '../kernel/access/key-pair.ts';
import type { KeyLookup } from '../kernel/access/proof.ts';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Upstream } from './upstream.ts';

/** How long control may hold the question until something changes. */
const WAIT_SECONDS = 20;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;
const FILE_NAME = 'edge-config.json';

export interface ConfigFeedOptions {
  /** Undefined for an edge without control: it knows no keys. */
  readonly control: Upstream | undefined;
  readonly edgeSecret: string;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What control last said, followed by long polling. The last good copy is on disk, so an edge starts and judges viewers
 * while control is away. A configuration that cannot be read whole changes nothing.
 */
export class ConfigFeed implements KeyLookup {
  readonly #options: ConfigFeedOptions;
  readonly #stopping = new AbortController();
  #version = '';
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  #credentialOrigins: ReadonlySet<string> = new Set();
  #following: Promise<void> | undefined;
  readonly #heard = Promise.withResolvers<void>();
  #hasHeard = false;

  constructor(options: ConfigFeedOptions) {
    this.#options = options;
  }

  get version(): string {
    return this.#version;
  }

  get takesCredentials(): boolean {
    return this.#credentialOrigins.size > 0;
  }

  find(keyPairId: string): KeyObject | undefined {
    return this.#keys.get(keyPairId);
  }

  mayBringCredentials(webOrigin: string): boolean {
    return this.#credentialOrigins.has(webOrigin);
  }

  /** Takes the copy on disk and begins to follow control; does not wait for control. */
  async start(): Promise<void> {
    const { control } = this.#options;
    await this.#readCopy();
    if (control) this.#following = this.#follow(control);
  }

  /** Resolves when control has been heard, or after the time given. */
  async heard(timeoutMs: number): Promise<void> {
    if (!this.#following) return;
    const over = new AbortController();
    await Promise.race([this.#heard.promise, pause(timeoutMs, over.signal)]);
    over.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  async #follow(control: Upstream): Promise<void> {
    const { log } = this.#options;
    let retryMs = FIRST_RETRY_MS;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#ask(control);
        this.#hasHeard = true;
        this.#heard.resolve();
        retryMs = FIRST_RETRY_MS;
      } catch (cause) {
        if (this.#stopping.signal.aborted) return;
        log.warn({ err: cause, retryMs }, 'configuration could not be had from control');
        await pause(retryMs, this.#stopping.signal);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
  }

  async #ask(control: Upstream): Promise<void> {
    const { edgeSecret, clock, log } = this.#options;
    // Only a question that repeats what is known may be held; the first one wants an answer.
    const wait = this.#hasHeard ? WAIT_SECONDS : 0;
    const target = `/v1/edge/config?after=${encodeURIComponent(this.#version)}&wait=${wait}`;
    const fields = [EDGE_SIGNATURE_HEADER, signEdgeRequest(edgeSecret, 'GET', target, clock.now())];
    const { head, text } = await control.text({ method: 'GET', target, fields }, this.#stopping.signal);
    if (head.status === 304) return;
    if (head.status !== 200) throw new Fault('ORIGIN_INVALID', { detail: { status: head.status } });
    const config = readConfig(text);
    this.#apply(config);
    log.info({ version: config.version, keys: config.keys.length }, 'configuration taken from control');
    await this.#writeCopy(text).catch((cause: unknown) => log.error({ err: cause }, 'configuration copy not written'));
  }

  #apply(config: EdgeConfig): void {
    // Parsed before anything is replaced: a key that cannot be read refuses the whole configuration.
    const keys = new Map(config.keys.map((key) => [key.keyPairId, parsePublicKey(key.publicKeyPem)]));
    this.#keys = keys;
    this.#credentialOrigins = new Set(config.credentialOrigins);
    this.#version = config.version;
  }

  async #readCopy(): Promise<void> {
    const { dataDir, log } = this.#options;
    try {
      this.#apply(readConfig(await readFile(join(dataDir, FILE_NAME), 'utf8')));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
      log.warn({ err: cause }, 'configuration copy on disk not usable');
    }
  }

  async #writeCopy(text: string): Promise<void> {
    const { dataDir } = this.#options;
    await mkdir(dataDir, { recursive: true });
    const aside = join(dataDir, `${FILE_NAME}.${process.pid}`);
    const handle = await open(aside, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, join(dataDir, FILE_NAME));
  }
}

/** @throws Fault ORIGIN_INVALID when any part is missing or of another type. */
export function readConfig(text: string): EdgeConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Fault('ORIGIN_INVALID', { cause });
  }
  if (!isConfig(value)) throw new Fault('ORIGIN_INVALID', { detail: { of: 'edge configuration' } });
  return value;
}

function isConfig(value: unknown): value is EdgeConfig {
  if (!isRecord(value)) return false;
  const { version, keys, credentialOrigins } = value;
  if (typeof version !== 'string' || version === '') return false;
  if (!Array.isArray(keys) || !keys.every(isKey)) return false;
  return Array.isArray(credentialOrigins) && credentialOrigins.every((each) => typeof each === 'string');
}

function isKey(value: unknown): boolean {
  return isRecord(value) && typeof value.keyPairId === 'string' && typeof value.publicKeyPem === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
