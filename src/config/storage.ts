import { join, resolve } from 'node:path';
import { SettingsError } from './settings.ts';

/** Where media rests: a folder of this machine, or a bucket of an S3 server. */
export type StoragePlace = FolderPlace | S3Place;

export interface FolderPlace {
  readonly kind: 'folder';
  /** Absolute. */
  readonly folder: string;
}

export interface S3Place {
  readonly kind: 's3';
  readonly bucket: string;
  /** In front of every key: empty, or plain segments with a slash at the end. */
  readonly prefix: string;
  /** Origin of the server, such as `http://127.0.0.1:9000`; undefined for Amazon's own of the region. */
  readonly endpoint?: string;
  readonly region: string;
  /** Whether the bucket stands in the path rather than in the host's name. */
  readonly pathStyle: boolean;
}

const NAME = 'FRONTROW_STORAGE';
const FORM = 's3://bucket/prefix?endpoint=https://s3.example&region=us-east-1&pathStyle=true';
const OPTIONS = ['endpoint', 'region', 'pathStyle'];

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
const REGION = /^[a-z0-9-]{1,64}$/;

/**
 * The setting `storage`: empty is the folder `media` in the data folder, otherwise a folder or an `s3:` address.
 * @throws SettingsError that says what the address must be
 */
export function parseStorage(text: string, dataFolder: string): StoragePlace {
  if (text === '') return { kind: 'folder', folder: join(resolve(dataFolder), 'media') };
  if (text.startsWith('s3://')) return parseS3(text);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1];
  if (scheme) throw wrong(`must be a folder or ${FORM}; there is no storage of the kind ${JSON.stringify(scheme)}`);
  return { kind: 'folder', folder: resolve(text) };
}

function parseS3(text: string): S3Place {
  // Not by URL, which forgives much in the host of a scheme it does not know.
  const [, bucket = '', path = '', query = ''] = /^s3:\/\/([^/?#]*)\/?([^?#]*)(?:\?([^#]*))?$/.exec(text) ?? [];
  if (bucket.includes('@'))
    throw wrong('takes no credentials; give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  if (!BUCKET.test(bucket)) throw wrong(`names no bucket that S3 allows; it must look like ${FORM}`);
  const prefix = path.replace(/\/$/, '');
  if (prefix !== '' && !PREFIX.test(prefix))
    throw wrong('may have letters, digits, dots, dashes and slashes in its prefix');
  const options = optionsIn(query);
  const endpoint = options.get('endpoint') ?? undefined;
  const pathStyle = parsePathStyle(options.get('pathStyle') ?? undefined, endpoint !== undefined);
  const region = options.get('region') ?? 'us-east-1';
  if (!REGION.test(region)) throw wrong('has a region that is none, such as us-east-1');
  return {
    kind: 's3',
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    ...(endpoint === undefined ? {} : { endpoint: parseEndpoint(endpoint) }),
    region,
    pathStyle,
  };
}

function optionsIn(query: string): URLSearchParams {
  const options = new URLSearchParams(query);
  for (const name of options.keys()) {
    if (!OPTIONS.includes(name)) throw wrong(`knows the options ${OPTIONS.join(', ')}, not ${JSON.stringify(name)}`);
    if (options.getAll(name).length > 1) throw wrong(`names ${name} twice`);
  }
  return options;
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '' && url.hash === '';
  if (!isPlain || url.username !== '' || url.password !== '') {
    throw wrong('needs an endpoint such as https://s3.example:9000, without a path, a query or credentials');
  }
  return url.origin;
}

/** Servers of one's own seldom answer to a host name for every bucket; Amazon does. */
function parsePathStyle(text: string | undefined, hasEndpoint: boolean): boolean {
  if (text === undefined) return hasEndpoint;
  if (text === 'true' || text === 'false') return text === 'true';
  throw wrong(`has pathStyle=true or pathStyle=false, not ${JSON.stringify(text)}`);
}

function wrong(says: string): SettingsError {
  return new SettingsError(`${NAME} ${says}`);
}
