import { X509Certificate } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Log } from '../kernel/log.ts';
import { SettingsError } from './settings.ts';

/** Certificate and key as they stand in the files, PEM. */
interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

interface Certificate extends Pair {
  readonly label: string;
  /** Lower-case, as the certificate states them; `*.example.com` stands for one label. */
  readonly names: readonly string[];
  readonly context: SecureContext;
  readonly expiresAt: Date;
}

export interface CertificatesOptions {
  readonly folder: string;
  /** What every context is made with. */
  readonly tls: () => SecureContextOptions;
  readonly log: Log;
  /** Other certificates are in force. */
  readonly onChange: () => void;
}

/** A file and its key arrive one after the other: what changes together is read together. */
const SETTLE_MS = 300;
/** For folders whose file system tells nobody that something changed. */
const LOOK_MS = 60_000;

/**
 * The certificates of a folder, chosen by name, read anew when a file changes. A file that cannot be used stops a start,
 * and later on leaves in force what was there before it.
 */
export class Certificates {
  readonly #options: CertificatesOptions;
  #inForce = new Map<string, Certificate>();
  #byName = new Map<string, Certificate>();
  #default: Certificate | undefined;
  #seen = '';
  #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: CertificatesOptions) {
    this.#options = options;
  }

  /** @throws SettingsError naming the file that cannot be used, or the folder when there is none in it */
  async start(): Promise<void> {
    const { folder } = this.#options;
    this.#seen = await fingerprint(folder);
    const found = await findPairs(folder);
    if (found.length === 0) throw new SettingsError(`There is no certificate in ${folder}.`);
    for (const files of found) {
      try {
        this.#inForce.set(files.label, await this.#load(files));
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new SettingsError(`The certificate ${files.cert} with the key ${files.key} cannot be used: ${why}`);
      }
    }
    this.#index();
    this.#watch();
  }

  stop(): void {
    this.#watcher?.close();
    clearTimeout(this.#settling);
    clearInterval(this.#looking);
  }

  /** For those who name no host, or one that no certificate is for. */
  get default(): Pair {
    if (!this.#default) throw new Error('certificates are used before they are read');
    return this.#default;
  }

  /** The certificate for a host: by its name, by a wildcard, or the default one. */
  contextFor(host: string): SecureContext | undefined {
    const name = host.toLowerCase();
    const wildcard = `*${name.slice(name.indexOf('.'))}`;
    return (this.#byName.get(name) ?? this.#byName.get(wildcard) ?? this.#default)?.context;
  }

  /** Makes the contexts anew, from what has been read. */
  renew(): void {
    for (const [label, each] of this.#inForce) {
      const context = createSecureContext({ ...this.#options.tls(), cert: each.cert, key: each.key });
      this.#inForce.set(label, { ...each, context });
    }
    this.#index();
  }

  async #load({ label, cert: certFile, key: keyFile }: PairFiles): Promise<Certificate> {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    const x509 = new X509Certificate(cert);
    // Refuses a key that is another certificate's.
    const context = createSecureContext({ ...this.#options.tls(), cert, key });
    return { label, cert, key, names: namesOf(x509), context, expiresAt: x509.validToDate };
  }

  #index(): void {
    const all = [...this.#inForce.values()].sort((a, b) => (a.label < b.label ? -1 : 1));
    this.#byName = new Map();
    // Where two are for one name, the one that is good for longer.
    for (const each of all.toSorted((a, b) => a.expiresAt.getTime() - b.expiresAt.getTime())) {
      for (const name of each.names) this.#byName.set(name, each);
    }
    this.#default = all.find(({ label }) => label === 'default') ?? all[0];
  }

  #watch(): void {
    const { folder, log } = this.#options;
    try {
      this.#watcher = watch(folder, { recursive: true, persistent: false }, () => this.#soon());
      this.#watcher.on('error', (cause) => log.warn({ folder, err: cause }, 'certificates are not watched any more'));
    } catch (cause) {
      log.warn({ folder, err: cause }, 'certificates cannot be watched, and are looked at once a minute');
    }
    this.#looking = setInterval(() => this.#soon(), LOOK_MS).unref();
  }

  #soon(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#reading = this.#reading.then(() => this.#readAgain());
    }, SETTLE_MS).unref();
  }

  async #readAgain(): Promise<void> {
    const { folder, log, onChange } = this.#options;
    try {
      const seen = await fingerprint(folder);
      if (seen === this.#seen) return;
      const found = await findPairs(folder);
      this.#seen = seen;
      const next = new Map<string, Certificate>();
      for (const files of found) {
        const certificate = await this.#loadOrKeep(files);
        if (certificate) next.set(files.label, certificate);
      }
      if (next.size === 0) return log.warn({ folder }, 'no certificate is left; those in force stay');
      this.#inForce = next;
      this.#index();
      onChange();
      const named = [...next.values()].map(({ label, names, expiresAt }) => ({ label, names, expiresAt }));
      log.info({ certificates: named }, 'certificates read again');
    } catch (cause) {
      log.warn({ folder, err: cause }, 'certificates cannot be read; those in force stay');
    }
  }

  async #loadOrKeep(files: PairFiles): Promise<Certificate | undefined> {
    try {
      return await this.#load(files);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#options.log.warn({ file: files.cert, why }, 'a new certificate cannot be used; the old one stays');
      return this.#inForce.get(files.label);
    }
  }
}

interface PairFiles {
  readonly label: string;
  readonly cert: string;
  readonly key: string;
}

async function findPairs(folder: string): Promise<PairFiles[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  const pairs: PairFiles[] = [];
  for (const name of [...names].sort()) {
    const file = join(folder, name);
    const [, label = '', ending] = /^([^.].*)\.(crt|pem)$/.exec(name) ?? [];
    const key = names.has(`${label}.key`) ? join(folder, `${label}.key`) : file;
    if (ending === 'pem' && names.has(`${label}.crt`)) continue;
    if (ending !== undefined) pairs.push({ label, cert: file, key });
    else if (await isFolder(file)) {
      const inside = new Set(await readdir(file));
      if (!inside.has('fullchain.pem') || !inside.has('privkey.pem')) continue;
      pairs.push({ label: name, cert: join(file, 'fullchain.pem'), key: join(file, 'privkey.pem') });
    }
  }
  return pairs;
}

/** Also behind a link, as certbot lays them. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Changes when a file is written, replaced, added or removed. */
async function fingerprint(folder: string): Promise<string> {
  const pairs = await findPairs(folder);
  const files = pairs.flatMap(({ cert, key }) => [cert, key]);
  const marks = files.map((file) =>
    stat(file).then(
      ({ ino, size, mtimeMs }) => `${file} ${ino} ${size} ${mtimeMs}`,
      () => `${file} gone`,
    ),
  );
  return (await Promise.all(marks)).join('\n');
}

/** The hosts of a certificate; the common name counts where there is no list. RFC 6125 section 6.4.4. */
function namesOf({ subjectAltName, subject }: X509Certificate): string[] {
  const listed = [...(subjectAltName ?? '').matchAll(/DNS:"?([^\s",]+)/g)];
  const found = subjectAltName === undefined ? [...subject.matchAll(/^CN=(\S+)$/gm)] : listed;
  return found.map(([, name]) => (name ?? '').toLowerCase());
}
