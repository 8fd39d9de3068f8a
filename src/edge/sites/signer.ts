import aws4 from 'aws4';
import { EDGE_SIGNATURE_HEADER, signEdgeRequest } from '../../kernel/access/edge-signature.ts';
import type { EdgeAccessControl } from '../../kernel/distribution/site-config.ts';
import { type FieldList, firstOf } from '../../kernel/http/fields.ts';
import type { OriginSpec, SignedRequest } from '../origins/origins.ts';

type Signer = NonNullable<OriginSpec['sign']>;

/** How requests show an origin that they come from an edge; undefined where they do not. `now` is in epoch milliseconds. */
export function signerOf(control: EdgeAccessControl, now: () => number): Signer | undefined {
  if (control.signingBehavior === 'never') return undefined;
  const sign = control.signingProtocol === 'sigv4' ? sigV4(control, now) : edgeSignature(control, now);
  if (control.signingBehavior === 'always') return sign;
  // `no-override`: what a viewer brought, and a policy lets through, is his own way in.
  return (request) => (firstOf(request.fields, 'authorization') === undefined ? sign(request) : []);
}

/** Frontrow's own, under a secret of this origin's: `EDGE_SIGNATURE_HEADER` with the time in it. */
function edgeSignature({ secretAccessKey = '' }: EdgeAccessControl, now: () => number): Signer {
  return ({ method, target }) => [EDGE_SIGNATURE_HEADER, signEdgeRequest(secretAccessKey, method, target, now())];
}

/**
 * AWS Signature Version 4 for S3, of the host and the time alone: whatever else is sent may differ by what is in hand. The
 * body is not signed, since it is sent as it comes.
 */
function sigV4(
  { region = 'us-east-1', accessKeyId = '', secretAccessKey = '' }: EdgeAccessControl,
  now: () => number,
): Signer {
  return ({ method, target, host }: SignedRequest): FieldList => {
    const asked = {
      service: 's3',
      region,
      method,
      path: target,
      headers: { Host: host, 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD', 'X-Amz-Date': stampOf(now()) },
    };
    const { headers = {} } = aws4.sign(asked, { accessKeyId, secretAccessKey });
    return ['Authorization', 'X-Amz-Content-Sha256', 'X-Amz-Date'].flatMap((name) => [name, String(headers[name])]);
  };
}

/** ISO 8601 in its basic form, such as `20261130T081500Z`. */
function stampOf(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
