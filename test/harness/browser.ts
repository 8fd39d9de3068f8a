import { access } from 'node:fs/promises';
import { type Browser, chromium } from 'playwright-core';

/** Chromium as the system installs it; CHROMIUM_PATH names another. */
const PLACES = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** A real browser without a window; `more` are switches of its command line. */
export async function launchBrowser(...more: readonly string[]): Promise<Browser> {
  const args = [...ARGUMENTS, ...more];
  return chromium.launch({ executablePath: await findChromium(), chromiumSandbox: false, args });
}

async function findChromium(): Promise<string> {
  for (const place of PLACES) {
    const isThere =
      place &&
      (await access(place).then(
        () => true,
        () => false,
      ));
    if (isThere) return place;
  }
  throw new Error('no Chromium: install the chromium package or set CHROMIUM_PATH');
}
