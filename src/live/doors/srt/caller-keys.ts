import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { DERIVATION, decrypted, type MediaKeys, readKeyMaterial, unwrapKeys } from '../../../kernel/srt/encryption.ts';

const derive = promisify(pbkdf2);

/** What one caller encrypts its media with. */
export class CallerKeys {
  readonly #passphrase: string;
  #keys: MediaKeys | undefined;
  #isLearning = false;

  constructor(passphrase: string) {
    this.#passphrase = passphrase;
  }

  /** False for keys that the passphrase does not open, and while others are being opened: it takes a processor a while. */
  async learn(message: Uint8Array | undefined): Promise<boolean> {
    const material = message && readKeyMaterial(message);
    if (!material || this.#isLearning) return false;
    this.#isLearning = true;
    const { rounds, digest, saltFrom } = DERIVATION;
    const salt = material.salt.subarray(saltFrom);
    const keys = unwrapKeys(material, await derive(this.#passphrase, salt, rounds, material.keyBytes, digest));
    this.#isLearning = false;
    if (keys) this.#keys = { ...this.#keys, ...keys };
    return keys !== undefined;
  }

  /** A packet with media in the clear; undefined when it cannot be read, or came unencrypted. */
  open(packet: Uint8Array): Uint8Array | undefined {
    return this.#keys && decrypted(packet, this.#keys);
  }
}
