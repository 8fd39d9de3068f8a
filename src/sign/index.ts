/**
 * `frontrow/sign`: signs URLs, cookies and tokens with a key pair, in any backend and without a server. What it needs is
 * node:crypto and jsonwebtoken. Made once for a key and used for every request: reading the key is the costly part.
 */
export { SignError, type SignProblem } from './sign-error.ts';
export {
  type CookieTerms,
  type SignedToken,
  Signer,
  type SignerOptions,
  type TokenTerms,
  type UrlTerms,
} from './signer.ts';
export type { CustomPolicy, Hash } from './terms.ts';
