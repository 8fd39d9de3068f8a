import { expect, test } from 'vitest';
import { httpsPortFor } from './viewer-protocol.ts';

const OURS = { edgeTlsCerts: '/certificates', edgeTlsPort: 8443 };

test.each([
  ['www.example.com', OURS, 443],
  ['www.example.com:8090', OURS, 8443],
  ['[2001:db8::1]', OURS, 443],
  ['[2001:db8::1]:8090', OURS, 8443],
  // Somebody else ends TLS, or nobody knows at which port.
  ['www.example.com:8090', { ...OURS, edgeTlsCerts: '' }, 443],
  ['www.example.com:8090', { ...OURS, edgeTlsPort: 0 }, 443],
])('who asked %s is sent to the port for TLS that is reached as this one was', (host, settings, port) => {
  expect(httpsPortFor(host, settings)).toBe(port);
});
