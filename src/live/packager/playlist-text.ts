import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** From this size on speed counts for more than the last percent. */
const LARGE_BYTES = 100_000;

/** A playlist as it is sent, to however many: each form of it is made once. */
export class PlaylistText {
  readonly plain: Buffer;
  readonly etag: string;
  #gzip: Buffer | undefined;

  constructor(text: string) {
    this.plain = Buffer.from(text);
    this.etag = `"${createHash('sha1').update(this.plain).digest('base64url')}"`;
  }

  get gzip(): Buffer {
    this.#gzip ??= gzipSync(this.plain, { level: this.plain.length > LARGE_BYTES ? 1 : 6 });
    return this.#gzip;
  }
}
