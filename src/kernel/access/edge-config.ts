/** What control tells its edges at `GET /v1/edge/config`: everything an edge needs to judge a viewer by itself. */
export interface EdgeConfig {
  /** Changes whenever anything below does; also the answer's ETag. */
  readonly version: string;
  /** Keys whose grants are accepted; a revoked key is not in the list. */
  readonly keys: readonly { readonly keyPairId: string; readonly publicKeyPem: string }[];
  /** Web origins whose pages may send cookies to the edge, such as the console's. */
  readonly credentialOrigins: readonly string[];
}
