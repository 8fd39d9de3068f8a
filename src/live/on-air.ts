import type { LivePackager } from './packager/live-packager.ts';

/** The broadcasts that are packaged in this process, by stream: one a stream at most. */
export class OnAir {
  readonly #packagers = new Map<string, LivePackager>();

  add(packager: LivePackager): void {
    this.#packagers.set(packager.place.streamId, packager);
  }

  /** Its broadcast is over and recorded; another one of the stream stays. */
  remove(packager: LivePackager): void {
    const { streamId } = packager.place;
    if (this.#packagers.get(streamId) === packager) this.#packagers.delete(streamId);
  }

  find(streamId: string): LivePackager | undefined {
    return this.#packagers.get(streamId);
  }
}
