import { createHash, createHmac } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, describe, expect, test } from 'vitest';
import { EDGE_SIGNATURE_HEADER, verifyEdgeRequest } from '../../src/kernel/access/edge-signature.ts';
import type { Origin } from '../../src/kernel/distribution/model.ts';
import type { EdgeAccessControl } from '../../src/kernel/distribution/site-config.ts';
import { ALL_EXCEPT_HOST, ALL_VIEWER, type AskedSite, startAskedSite } from '../harness/asked-site.ts';
import type { Asked } from '../harness/origin.ts';
import { freshBucket } from '../harness/s3-bucket.ts';
import { distribution, HOST, originAt, type SiteEdge, site, startSiteEdge } from '../harness/site-edge.ts';

/** How a request shows an S3 origin, or one of the operator's, that it comes from an edge of his. */

let edge: SiteEdge;
afterEach(() => edge.stop());

async function begin(terms: AskedSite = {}): Promise<void> {
  edge = await startAskedSite(terms);
}

async function ask(target = '/a', headers: Readonly<Record<string, string>> = {}, method = 'GET', body?: string) {
  return edge.s.get(target, { method, headers: { Host: HOST, ...headers }, ...(body === undefined ? {} : { body }) });
}

async function told(headers: Readonly<Record<string, string>> = {}, method = 'GET', target = '/a'): Promise<Asked> {
  await ask(target, headers, method);
  const asked = edge.origin.asked.at(-1);
  if (!asked) throw new Error('the origin was not asked');
  return asked;
}

describe('a request that shows the origin who asks', () => {
  const SIGV4: EdgeAccessControl = {
    ...{
      name: '',
      description: '',
      signingProtocol: 'sigv4',
      signingBehavior: 'always',
      originAccessControlOriginType: 's3',
    },
    ...{ region: 'eu-central-1', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret' },
  };
  const OAC = { originAccessControlId: 'control' };
  const ALL_QUERIES = {
    queryStringsConfig: { queryStringBehavior: 'all', queryStrings: [], sortQueryStrings: false },
  } as const;

  /** What Amazon's own signer makes of the request that arrived. */
  async function oracle({ method, target, headers }: Asked): Promise<string> {
    const [path = '', query = ''] = target.split('?');
    const pairs = query === '' ? [] : query.split('&').map((pair) => pair.split('='));
    const signer = new SignatureV4({
      ...{ service: 's3', region: 'eu-central-1', uriEscapePath: false, applyChecksum: false },
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret' },
      sha256: Sha256,
    });
    const signed = await signer.sign(
      {
        ...{ method, protocol: 'http:', hostname: '127.0.0.1', path: path.split('/').map(encoded).join('/') },
        query: Object.fromEntries(
          pairs.map(([name = '', value = '']) => [decodeURIComponent(name), decodeURIComponent(value)]),
        ),
        headers: { host: headers.host ?? '', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      },
      { signingDate: new Date(edge.clock.ms) },
    );
    return signed.headers.authorization ?? '';
  }

  test.each([
    ['GET', '/a'],
    ['HEAD', '/a'],
    ['PUT', '/a'],
    ['DELETE', '/a/b/c.mp4'],
    ['GET', '/a%20b/c%2Bd'],
    ['GET', '/%C3%A4'],
    ['GET', "/a!b'c(d)*e"],
    ['GET', '/a~b_c-d.e'],
    ['GET', '/a//b'],
    ['GET', '/a/./b'],
    ['GET', '/a?b=c'],
    ['GET', '/a?z=1&b=2'],
    ['GET', '/a?list-type=2&prefix=a%2Fb'],
    ['GET', '/a?acl'],
    ['GET', '/a?x=%20y'],
    ['GET', '/a=b&c,d:e@f$g'],
  ])('of S3 is signed as Amazon signs it: %s %s', async (method, target) => {
    await begin({ control: SIGV4, origin: OAC, key: ALL_QUERIES });
    const asked = await told({}, method, target);
    expect(asked.target).toBe(target);
    expect(asked.headers.authorization?.replaceAll(', ', ',')).toBe((await oracle(asked)).replaceAll(', ', ','));
    expect(asked.headers['x-amz-date']).toBe('20260601T120000Z');
  });

  test('of S3 is taken by a real S3 server, and no other is', async () => {
    const { access, bucket, client } = await freshBucket();
    const names = ['a.txt', 'a b+c.txt', 'ä/ö.txt', "it's (1)!*.txt", 'x=1&y,z.txt'];
    for (const name of names)
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: name, Body: `of ${name}` }));
    const origin = originAt(access.endpoint, { originPath: `/${bucket}` });
    const control = {
      ...SIGV4,
      region: 'us-east-1',
      accessKeyId: access.accessKeyId,
      secretAccessKey: access.secretAccessKey,
    };
    const start = async (at: Origin) => {
      edge = await startSiteEdge(() =>
        site({ originAccessControls: { control }, distributions: { dist: distribution([at]) } }),
      );
      // The server has a clock of its own.
      edge.clock.ms = Date.now();
    };
    await start({ ...origin, ...OAC });
    for (const name of names) {
      const { status, body } = await ask(`/${name.split('/').map(encodeURIComponent).join('/')}`);
      expect([status, body.toString()]).toEqual([200, `of ${name}`]);
    }
    expect((await ask('/a.txt', { Range: 'bytes=0-1' })).body.toString()).toBe('of');
    await edge.stop();
    await start(origin);
    expect((await ask('/a.txt')).status).toBeGreaterThanOrEqual(400);
  });

  test('is signed over whatever a viewer says in the same place', async () => {
    await begin({ control: SIGV4, origin: OAC, asks: ALL_EXCEPT_HOST });
    const lies = {
      Authorization: 'AWS4-HMAC-SHA256 mine',
      'X-Amz-Date': '20200101T000000Z',
      'X-Amz-Content-Sha256': 'x',
    };
    const asked = await told(lies);
    expect(asked.headers['x-amz-date']).toBe('20260601T120000Z');
    expect(asked.headers.authorization).toContain('Credential=AKIDEXAMPLE/20260601/eu-central-1/s3/aws4_request');
    expect(asked.headers.authorization).not.toContain('mine');
  });

  test('has no field of Amazon’s that a viewer added and nobody signed', async () => {
    await begin({ control: SIGV4, origin: OAC, asks: ALL_EXCEPT_HOST });
    const asked = await told({ 'X-Amz-Copy-Source': '/other/secret', 'x-amz-acl': 'public-read', 'X-Own': '1' }, 'PUT');
    expect(
      Object.keys(asked.headers)
        .filter((name) => name.startsWith('x-amz-'))
        .sort(),
    ).toEqual(['x-amz-content-sha256', 'x-amz-date']);
    expect(asked.headers['x-own']).toBe('1');
  });

  test.each([
    ['always', 'Basic x', true],
    ['no-override', undefined, true],
    ['no-override', 'Basic x', false],
    ['never', undefined, false],
  ] as const)('%s, with an Authorization of %s: %s', async (signingBehavior, authorization, isSigned) => {
    await begin({ control: { ...SIGV4, signingBehavior }, origin: OAC, asks: ALL_EXCEPT_HOST });
    const { headers } = await told(authorization === undefined ? {} : { Authorization: authorization });
    expect(headers.authorization?.startsWith('AWS4-HMAC-SHA256 ') ?? false).toBe(isSigned);
    if (!isSigned) expect(headers.authorization).toBe(authorization);
  });

  test('by the signature of an edge is this very request’s, and a viewer cannot write it', async () => {
    const control: EdgeAccessControl = { ...SIGV4, signingProtocol: 'edge', originAccessControlOriginType: 'custom' };
    await begin({ control, origin: { ...OAC, originPath: '/folder' }, asks: ALL_VIEWER });
    const { method, target, headers } = await told({ [EDGE_SIGNATURE_HEADER]: 't=1,v=x' }, 'GET', '/a?b=c').catch(
      async () => told(),
    );
    const value = headers[EDGE_SIGNATURE_HEADER] as string;
    expect(verifyEdgeRequest('a secret', method, target, value, edge.clock.ms)).toBe(true);
    expect(verifyEdgeRequest('a secret', method, '/folder/b', value, edge.clock.ms)).toBe(false);
    expect(headers.authorization).toBeUndefined();
  });

  test('says none of the secrets to viewers or to the log', async () => {
    await begin({ control: SIGV4, origin: OAC });
    const { raw } = await ask();
    await edge.s.settled(1);
    expect(JSON.stringify([raw, edge.s.facts])).not.toMatch(/a secret|AKIDEXAMPLE|AWS4/);
  });
});

/** As Amazon's clients write the name of an object: all but letters, digits and `-._~`. */
function encoded(segment: string): string {
  return encodeURIComponent(decodeURIComponent(segment)).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What Amazon's signer hashes by. */
class Sha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
  reset(): void {}
}
