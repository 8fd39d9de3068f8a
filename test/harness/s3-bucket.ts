import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import type { S3Access } from './s3.ts';

/** A fresh bucket on the run's S3 server. */
export interface TestBucket {
  readonly access: S3Access;
  readonly bucket: string;
  /** Looks past Frontrow's own code. */
  readonly client: S3Client;
  /** What a server process needs of its environment. */
  readonly environment: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string };
}

/** `kind`: what the server makes of a put under a condition, see s3-server.py; without one it refuses them. */
export async function freshBucket(kind: 'films' | 'conditional' | 'ignorant' = 'films'): Promise<TestBucket> {
  const response = await fetch(inject('s3Starter'));
  if (!response.ok) throw new Error(await response.text());
  const access = (await response.json()) as S3Access;
  const { endpoint, accessKeyId, secretAccessKey } = access;
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const bucket = `${kind}-${randomUUID().slice(0, 8)}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    access,
    bucket,
    client,
    environment: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
  };
}
