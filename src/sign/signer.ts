import { KeyObject } from 'node:crypto';
import { signToken } from '../kernel/access/grant-token.ts';
import { checkedPrivateKey, parsePrivateKey } from '../kernel/access/key-pair.ts';
import { type CarriedToken, carryToken, coveredBy, splitUrl } from '../kernel/access/reach.ts';
import { type SignRequest, signCookies, signUrl } from '../kernel/access/sign.ts';
import { refusedAs, SignError } from './sign-error.ts';
import { type CustomPolicy, type Hash, readHash, readPolicy, readTerms, refuseUnknown, type Terms } from './terms.ts';

export interface SignerOptions {
  /** Under which the public half is registered, such as `K2JCJMDEHXQW5F`. */
  readonly keyPairId: string;
  /** PEM (PKCS #8, PKCS #1 or SEC 1): RSA of 2048 bits or more, or ECDSA on P-256. */
  readonly privateKey: string | Uint8Array | KeyObject;
}

export interface UrlTerms extends Terms {
  /** What the grant covers when that is not the URL itself; `*` stands for any text and `?` for one character. */
  readonly resource?: string;
  /** A finished policy, instead of all other terms. */
  readonly policy?: string | CustomPolicy;
  readonly hash?: Hash;
}

export type CookieTerms = UrlTerms;
export type TokenTerms = Terms;

/** A token, and the two ways of putting it into the URL that it was asked for. */
export type SignedToken = CarriedToken;

const TOKEN_TERMS = ['expiresIn', 'expiresAt', 'startsAt', 'ip'];
const URL_TERMS = [...TOKEN_TERMS, 'resource', 'policy', 'hash'];

/** Signs with one key pair. The key is read once and stays here: it is in no error and no output. */
export class Signer {
  readonly keyPairId: string;
  readonly #privateKey: KeyObject;

  /** @throws SignError KEY_INVALID */
  constructor(options: SignerOptions) {
    const { keyPairId, privateKey } = options;
    if (typeof keyPairId !== 'string' || !/^[\w-]{1,100}$/.test(keyPairId))
      throw new SignError('KEY_INVALID', 'keyPairId must be the id that the key was registered under, such as K2JC….');
    this.keyPairId = keyPairId;
    this.#privateKey = refusedAs('KEY_INVALID', () => readKey(privateKey));
  }

  /**
   * The URL with its signature, as CloudFront signs it: with a canned policy where the terms are no more than an end, else
   * with a custom one. Given to a player it plays: the edge hands the grant on to whatever a playlist names.
   * @throws SignError URL_INVALID or TERMS_INVALID
   */
  signUrl(url: string, terms: UrlTerms): string {
    const request = this.#request(url, terms);
    return refusedAs('URL_INVALID', () => signUrl(request));
  }

  /**
   * Name and value of each cookie to set for the viewer. A playlist's URL stands for its whole folder, and a URL with `*`
   * for all it matches.
   * @throws SignError URL_INVALID or TERMS_INVALID
   */
  signCookies(url: string, terms: CookieTerms): Record<string, string> {
    const request = this.#request(url, terms);
    return refusedAs('URL_INVALID', () => signCookies({ ...request, url: coveredBy(url) }));
  }

  /**
   * A JWT for a URL, for a playlist's whole folder, or for several paths (each exact or ending in `*`): RS256 or ES256, as
   * the key is.
   * @throws SignError URL_INVALID or TERMS_INVALID
   */
  signToken(target: string | readonly string[], terms: TokenTerms): SignedToken {
    refuseUnknown(terms, TOKEN_TERMS);
    const limits = readTerms(terms);
    const paths = readPaths(target);
    const token = signToken({ paths, ...limits }, this.keyPairId, this.#privateKey);
    return typeof target === 'string' && !target.startsWith('/') ? carryToken(target, token) : { token };
  }

  #request(url: string, terms: UrlTerms): SignRequest {
    refuseUnknown(terms, URL_TERMS);
    if (typeof url !== 'string') throw new SignError('URL_INVALID', 'The URL must be a text.');
    const { policy, resource } = terms;
    const hash = readHash(terms.hash);
    // A policy brings its own end; the other one is then not looked at.
    const limits = policy === undefined ? readTerms(terms) : { expiresAtMs: 0, policy: readPolicy(policy, terms) };
    return {
      url,
      keyPairId: this.keyPairId,
      privateKey: this.#privateKey,
      ...limits,
      ...(resource === undefined ? {} : { resource }),
      ...(hash === undefined ? {} : { hash }),
    };
  }
}

function readKey(key: SignerOptions['privateKey']): KeyObject {
  if (key instanceof KeyObject) return checkedPrivateKey(key);
  if (typeof key === 'string') return parsePrivateKey(key);
  if (key instanceof Uint8Array) return parsePrivateKey(Buffer.from(key).toString('utf8'));
  throw new SignError('KEY_INVALID', 'privateKey must be a PEM text or a KeyObject.');
}

function readPaths(target: string | readonly string[]): string[] {
  if (typeof target === 'string' && !target.startsWith('/'))
    return [refusedAs('URL_INVALID', () => splitUrl(coveredBy(target)).path)];
  const paths = typeof target === 'string' ? [coveredBy(target)] : [...target];
  const odd = paths.find((path) => typeof path !== 'string' || !/^\/[^?#]*$/.test(path));
  if (paths.length > 0 && odd === undefined) return paths;
  throw new SignError('URL_INVALID', 'A path begins with a slash and has no query; a star may stand at its end.');
}
