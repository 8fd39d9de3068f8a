import { describe, expect, test } from 'vitest';
import { parseOutboundUrl, publicLookup } from './addresses.ts';

const FAULTS = { invalid: 'PULL_URL_INVALID', refused: 'PULL_ADDRESS_REFUSED' } as const;
const parse = (text: string, options: { base?: URL; allowPrivate: boolean } = { allowPrivate: false }) =>
  parseOutboundUrl(text, FAULTS, options);

describe('parseOutboundUrl', () => {
  test('reads a redirect relative to where it came from', () => {
    const base = new URL('https://example.com/films/a.mp4');
    expect(parse('../b.mp4', { base, allowPrivate: false }).href).toBe('https://example.com/b.mp4');
  });

  test('sees through an address written as a number', () => {
    expect(() => parse('http://0177.0.0.1/')).toThrow(expect.objectContaining({ code: 'PULL_ADDRESS_REFUSED' }));
  });

  test('sees through an IPv4 address in IPv6 clothes of any fashion', () => {
    for (const host of ['::ffff:127.0.0.1', '::127.0.0.1', '::a9fe:a9fe', '64:ff9b::7f00:1', '2002:7f00:1::']) {
      expect(() => parse(`http://[${host}]/`), host).toThrow(expect.objectContaining({ code: 'PULL_ADDRESS_REFUSED' }));
    }
  });

  test('lets a private address through where the operator allows it', () => {
    expect(parse('http://127.0.0.1:1/x', { allowPrivate: true }).port).toBe('1');
  });

  test('refuses what is no web address, with the fault of its kind of address', () => {
    for (const text of ['', 'example.com', 'file:///etc/passwd', 'ftp://example.com/']) {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'PULL_URL_INVALID' }));
    }
  });
});

test('publicLookup refuses a name that leads inside', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  publicLookup(FAULTS)('localhost', {}, resolve);
  expect(await promise).toMatchObject({ code: 'PULL_ADDRESS_REFUSED' });
});
