/** Which file of a stream follows which, as the playlists that passed by told. Files are named by the edge's own keys. */
export interface SegmentOrder {
  /** Takes in a media playlist; anything else is passed over. `viewedHost`: the host that its viewer asked. */
  learn(key: string, body: Buffer, viewedHost?: string): void;
  /** Whether the playlist at this key has been taken in and is not forgotten. */
  knows(key: string): boolean;
  /** Keys of up to `count` files behind this one; fewer at the end, none when the order is not known. */
  after(key: string, count: number): string[];
}
