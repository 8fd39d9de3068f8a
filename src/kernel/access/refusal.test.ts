import { expect, test } from 'vitest';
import { refusalBody } from './refusal.ts';

test('the body for an unsigned request is the 146 bytes that CloudFront sends', () => {
  const body = refusalBody('MissingKey');
  expect(Buffer.byteLength(body)).toBe(146);
  expect(body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code>' +
      '<Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>',
  );
});

test.each([
  ['InvalidKey', 'Unknown Key'],
  ['MalformedSignature', 'Could not unencode Signature'],
  ['MalformedPolicy', 'Malformed Policy'],
  ['AccessDenied', 'Access denied'],
] as const)('%s says %j', (code, message) => {
  expect(refusalBody(code)).toContain(`<Code>${code}</Code><Message>${message}</Message>`);
});
