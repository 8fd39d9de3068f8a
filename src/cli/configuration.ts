import {
  fillCachePolicy,
  fillDistribution,
  fillKeyGroup,
  fillOriginAccessControl,
  fillOriginRequestPolicy,
  fillResponseHeadersPolicy,
} from '../kernel/distribution/defaults.ts';
import { usage } from './failure.ts';
import { readStandardInput, readText } from './files.ts';
import type { Api } from './server.ts';
import { parseYaml } from './yaml.ts';

/** What an operator configures, as the API tells it. */
export type Json = Readonly<Record<string, unknown>>;

export interface Document {
  readonly id: string;
  readonly type: 'managed' | 'custom';
  readonly etag: string;
  readonly config: Json;
  readonly lastModifiedTime?: string;
  readonly warnings?: readonly { readonly field: string; readonly code: string; readonly says: string }[];
  /** Only in the answer that made it. */
  readonly secretAccessKey?: string;
}

export interface DocumentKind {
  /** Below `/v1/`. */
  readonly path: string;
  readonly noun: string;
  /** What the server makes of a document: with everything filled in that was left out. */
  readonly fill: (draft: Json) => Json;
}

/** The kernel's drafts are typed; what stands in a file is whatever it is, and the server is who judges it. */
const by =
  <Draft>(fill: (draft: Draft) => object) =>
  (draft: Json) =>
    fill(draft as Draft) as Json;

export const DISTRIBUTION: DocumentKind = { path: 'distributions', noun: 'distribution', fill: by(fillDistribution) };
export const CACHE_POLICY: DocumentKind = {
  path: 'cache-policies',
  noun: 'cache policy',
  fill: by(fillCachePolicy),
};
export const ORIGIN_REQUEST_POLICY: DocumentKind = {
  path: 'origin-request-policies',
  noun: 'origin request policy',
  fill: by(fillOriginRequestPolicy),
};
export const RESPONSE_HEADERS_POLICY: DocumentKind = {
  path: 'response-headers-policies',
  noun: 'response headers policy',
  fill: by(fillResponseHeadersPolicy),
};
export const KEY_GROUP: DocumentKind = { path: 'key-groups', noun: 'key group', fill: by(fillKeyGroup) };
export const ORIGIN_ACCESS_CONTROL: DocumentKind = {
  path: 'origin-access-controls',
  noun: 'origin access control',
  fill: by(fillOriginAccessControl),
};

const addressOf = ({ path }: DocumentKind, id: string) => `/v1/${path}/${encodeURIComponent(id)}`;

/** All of a kind, page by page. */
export async function listDocuments(api: Api, kind: DocumentKind): Promise<Document[]> {
  const found: Document[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: Document[]; nextCursor: string | null } = await api.call(
      'GET',
      `/v1/${kind.path}?limit=200${after}`,
    );
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return found;
}

export function readDocument(api: Api, kind: DocumentKind, id: string): Promise<Document> {
  return api.call('GET', addressOf(kind, id));
}

export function createDocument(api: Api, kind: DocumentKind, config: Json): Promise<Document> {
  return api.call('POST', `/v1/${kind.path}`, config);
}

/** @throws Failure IF_MATCH_STALE when somebody else changed it since `etag` was read */
export function replaceDocument(
  api: Api,
  kind: DocumentKind,
  { id, etag }: Pick<Document, 'id' | 'etag'>,
  config: Json,
): Promise<Document> {
  return api.call('PUT', addressOf(kind, id), config, { 'if-match': etag });
}

export async function deleteDocument(
  api: Api,
  kind: DocumentKind,
  { id, etag }: Pick<Document, 'id' | 'etag'>,
): Promise<void> {
  await api.call('DELETE', addressOf(kind, id), undefined, { 'if-match': etag });
}

/** A document from a file in JSON or YAML; `-` is standard input. @throws Failure */
export async function readConfigFile(file: string | undefined): Promise<Json> {
  if (file === undefined) throw usage('--file is missing: the document in JSON or YAML, or - for standard input.');
  const value = parseYaml(file === '-' ? await readStandardInput() : await readText(file), file);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw usage(`${file} does not hold a document.`);
}

/** What works and yet may not be what was meant; `of` says which document it is about, where there are several. */
export function warningLines({ warnings = [] }: Document, of = ''): string[] {
  return warnings.map(({ code, says }) => `Warning: ${of}${says.replace(/^body\./, '')} (${code})`);
}
