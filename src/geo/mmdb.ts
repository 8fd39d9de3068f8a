import { readFile } from 'node:fs/promises';
import { Reader, type Response } from 'mmdb-lib';
import { type Located, type Network, readLocated, readNetwork } from './record.ts';

/** An address that each of the five regional registries has given out, and is long in use: registries themselves, and DNS. */
const EVERYWHERE = ['8.8.8.8', '1.1.1.1', '193.0.6.139', '200.160.2.3', '196.216.2.1'];

/** A MaxMind DB file, held in memory as it is on disk; the only door to mmdb-lib. */
export class Database {
  readonly #reader: Reader<Response>;
  readonly kind: string;
  readonly builtAt: Date;

  /** @throws Error for a file that is none, or not all of one */
  static async read(file: string): Promise<Database> {
    return new Database(await readFile(file));
  }

  private constructor(bytes: Buffer) {
    this.#reader = new Reader(bytes);
    this.kind = this.#reader.metadata.databaseType;
    this.builtAt = this.#reader.metadata.buildEpoch;
  }

  /** Whether it says of the whole internet where addresses are. One that covers a part leaves the rest to others. */
  get hasPlaces(): boolean {
    return EVERYWHERE.every((address) => this.locate(address));
  }

  /** The same about who announces them. */
  get hasNetworks(): boolean {
    return EVERYWHERE.every((address) => this.network(address));
  }

  locate(address: string): Located | undefined {
    return readLocated(this.#reader.get(address));
  }

  network(address: string): Network | undefined {
    return readNetwork(this.#reader.get(address));
  }
}
