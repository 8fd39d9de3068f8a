import { expect, test } from 'vitest';
import { newWebhookSecret, signWebhook } from './signature.ts';

test('a signature is the HMAC that openssl computes over the time, a dot and the body', () => {
  // printf '1800000000.{"title":"Ä"}' | openssl dgst -sha256 -hmac whsec_known
  const hex = '5469e081703af6f60d11f1f1d529bd3f87a26cf6cede59d592eee5cb1fb1680e';
  expect(signWebhook('{"title":"Ä"}', 'whsec_known', 1_800_000_000_999)).toBe(`t=1800000000,v1=${hex}`);
});

test('every endpoint gets a secret of its own', () => {
  const secrets = new Set(Array.from({ length: 50 }, newWebhookSecret));
  expect(secrets.size).toBe(50);
  for (const secret of secrets) expect(secret).toMatch(/^whsec_[\w-]{43}$/);
});
