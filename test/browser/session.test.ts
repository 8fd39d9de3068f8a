import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { TestServer } from '../harness/server.ts';

let server: TestServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = await TestServer.start({ roles: 'control,origin,edge' });
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 390, height: 844 } });
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function user(name: string): Promise<string> {
  const { userId } = (await (await server.api('POST', '/v1/users', { name, role: 'editor' })).json()) as {
    userId: string;
  };
  const link = await server.api('POST', `/v1/users/${userId}/sign-in-links`, {});
  return ((await link.json()) as { signInUrl: string }).signInUrl;
}

const who = () => page.getByTestId('who').locator('b').textContent();

test('the console says who is signed in, and signing out ends the session on the server too', async () => {
  const link = await user('Ada');
  await page.goto(link);
  await expect.poll(who).toBe('Ada');
  const token = String(await page.evaluate("localStorage.getItem('frontrow.token')"));
  const status = async () =>
    (await fetch(`${server.run.control}/v1/assets`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await status()).toBe(200);
  await page.getByTestId('sign-out').click();
  await page.getByTestId('sign-in').waitFor();
  expect(await status()).toBe(401);
  await page.goto('about:blank');
  await page.goto(link);
  expect(await page.getByTestId('sign-in-problem').textContent()).toContain('used already');
});

test('the way back does not lead to a link that has been used', async () => {
  await page.goto('about:blank');
  await page.goto(await user('Grace'));
  await expect.poll(who).toBe('Grace');
  await page.goto(`${server.run.control}/#/keys`);
  await page.goBack();
  await expect.poll(() => page.url()).toMatch(/#\/$/);
  expect(await page.getByTestId('sign-in').count()).toBe(0);
});

test('a long name leaves room for the rest', async () => {
  await page.goto('about:blank');
  await page.goto(await user('Augusta Ada King, Countess of Lovelace, of Ockham Park and Ashley Combe'));
  await expect.poll(who).toMatch(/^Augusta/);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
});
