import { describe, expect, test } from 'vitest';
import { parseSourceUrl } from './addresses.ts';

describe('parseSourceUrl', () => {
  test('reads a redirect relative to where it came from', () => {
    const url = parseSourceUrl('../b.mp4', new URL('https://example.com/films/a.mp4'), false);
    expect(url.href).toBe('https://example.com/b.mp4');
  });

  test('sees through an address written as a number', () => {
    expect(() => parseSourceUrl('http://0177.0.0.1/', undefined, false)).toThrow(
      expect.objectContaining({ code: 'PULL_ADDRESS_REFUSED' }),
    );
  });

  test('sees through an IPv4 address in IPv6 clothes of any fashion', () => {
    for (const host of ['::ffff:127.0.0.1', '::127.0.0.1', '::a9fe:a9fe', '64:ff9b::7f00:1', '2002:7f00:1::']) {
      expect(() => parseSourceUrl(`http://[${host}]/`, undefined, false), host).toThrow(
        expect.objectContaining({ code: 'PULL_ADDRESS_REFUSED' }),
      );
    }
  });

  test('lets a private address through where the operator allows it', () => {
    expect(parseSourceUrl('http://127.0.0.1:1/x', undefined, true).port).toBe('1');
  });
});
