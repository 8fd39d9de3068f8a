import type { Browser, Page } from 'playwright-core';

/** What the player page lays open for tests. */
interface PlayerWindow {
  readonly __frontrowPlayer?: { readonly video: Video };
}

/** The part of an HTMLVideoElement that is used. */
interface Video {
  currentTime: number;
  muted: boolean;
  readonly duration: number;
  play(): Promise<void>;
  requestVideoFrameCallback(callback: (nowMs: number, frame: { readonly mediaTime: number }) => void): number;
}

/** Somebody with the player page already open, who is given a link. */
export class Viewer {
  readonly #page: Page;
  readonly #control: string;

  private constructor(page: Page, control: string) {
    this.#page = page;
    this.#control = control;
  }

  static async open(browser: Browser, control: string): Promise<Viewer> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${control}/#/play`);
    await page.getByTestId('play-empty').waitFor();
    return new Viewer(page, control);
  }

  /** Opens the link and resolves when its first picture stands on the screen. */
  async play(masterUrl: string): Promise<void> {
    await this.#start(masterUrl);
    await this.#page.evaluate(async () => {
      const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
      await new Promise<void>((resolve) => video?.requestVideoFrameCallback(() => resolve()));
    });
  }

  /** Opens the link, seeks as soon as the length is known, and resolves when a picture from there stands. */
  async playFrom(masterUrl: string, share: number): Promise<void> {
    await this.#start(masterUrl);
    await this.#page.evaluate(async (to) => {
      const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
      if (!video) return;
      while (!Number.isFinite(video.duration)) await new Promise((next) => setTimeout(next, 5));
      const fromSeconds = video.duration * to;
      video.currentTime = fromSeconds;
      await new Promise<void>((resolve) => {
        // Pictures of the beginning may still come up before the seek takes hold.
        const look = (_nowMs: number, { mediaTime }: { readonly mediaTime: number }) => {
          if (mediaTime >= fromSeconds - 1) resolve();
          else video.requestVideoFrameCallback(look);
        };
        video.requestVideoFrameCallback(look);
      });
    }, share);
  }

  async close(): Promise<void> {
    await this.#page.context().close();
  }

  async #start(masterUrl: string): Promise<void> {
    await this.#page.goto(`${this.#control}/#/play?url=${encodeURIComponent(masterUrl)}`);
    await this.#page.waitForFunction(() => (globalThis as unknown as PlayerWindow).__frontrowPlayer !== undefined);
    await this.#page.evaluate(() => {
      const video = (globalThis as unknown as PlayerWindow).__frontrowPlayer?.video;
      if (!video) return;
      video.muted = true;
      // It resolves with the first picture, which is waited for elsewhere.
      void video.play();
    });
  }
}
