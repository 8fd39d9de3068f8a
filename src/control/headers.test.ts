import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { secureAnswers } from './headers.ts';

test('a page that is still fresh in the browser keeps the policy it came with', async () => {
  const app = Fastify();
  secureAnswers(app, async () => ['http://edge.test:8090', '', 'http://edge.test:8090/', 'https://other.test']);
  app.get('/', async (request, reply) => {
    if (request.headers['if-none-match']) return reply.code(304).send();
    return reply.type('text/html').send('<!doctype html>');
  });
  const first = await app.inject('/');
  expect(first.headers['content-security-policy']).toContain("script-src 'self'");
  expect(first.headers['content-security-policy']).toContain(
    "connect-src 'self' http://edge.test:8090 https://other.test ws://edge.test:8090 wss://other.test;",
  );
  const again = await app.inject({ url: '/', headers: { 'if-none-match': '"1"' } });
  expect(again.statusCode).toBe(304);
  expect(again.headers).not.toHaveProperty('content-security-policy');
  await app.close();
});
