import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** What the live player lays open for tests. */
interface LiveWindow {
  readonly __frontrowLive?: {
    readonly video: { currentTime: number; readonly videoWidth: number };
    readonly delivery: string;
    readonly timeCode: () => number | undefined;
  };
}

/** Nothing on a machine with busy cores takes longer. */
export const LONG = { timeout: 60_000 };

/** Waits until the picture by this delivery has moved. */
export async function untilPlaying(page: Page, delivery: string): Promise<void> {
  const look = () =>
    page.evaluate(() => {
      const live = (globalThis as unknown as LiveWindow).__frontrowLive;
      return { delivery: live?.delivery, at: live?.video.currentTime ?? 0, width: live?.video.videoWidth ?? 0 };
    });
  await expect.poll(look, LONG).toMatchObject({ delivery, width: expect.toSatisfy((width: number) => width > 0) });
  const { at } = await look();
  await expect.poll(async () => (await look()).at, LONG).toBeGreaterThan(at + 0.5);
}

/** How old the picture on the screen is, by the time code in it; NaN for a picture without one. */
export async function delaySeconds(page: Page): Promise<number> {
  return page.evaluate(() => {
    const code = (globalThis as unknown as LiveWindow).__frontrowLive?.timeCode();
    return code === undefined ? Number.NaN : (Date.now() - code) / 1_000;
  });
}

/** By a hand on the menu over the picture. */
export async function deliver(page: Page, label: string): Promise<void> {
  await page.getByTestId('live-player').hover();
  await page.getByTestId('delivery-menu').click();
  await page.locator(`[data-testid="delivery-option"][data-choice="${label}"]`).click();
}

/** To so many seconds before the newest, as a hand on the bar would. */
export async function drag(page: Page, behindSeconds: number): Promise<void> {
  await page.getByTestId('dvr').evaluate((bar, behind) => {
    const input = bar as unknown as { value: string; readonly max: string } & EventTarget;
    input.value = String(Number(input.max) - behind);
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }, behindSeconds);
}

/** Whether the film that a page shows plays, by itself or not. */
export async function plays(page: Page): Promise<void> {
  await page.getByTestId('video').waitFor(LONG);
  // What is pressed while it loads is forgotten.
  const press = `document.querySelector('[data-testid="video"]')?.play().catch(() => undefined)`;
  const played = async () => {
    await page.evaluate(press);
    return page.evaluate(`document.querySelector('[data-testid="video"]')?.currentTime`);
  };
  await expect.poll(played, LONG).toBeGreaterThan(1);
}
