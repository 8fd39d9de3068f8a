/** How a broadcast comes: `ll-hls` has a past to go back to, `channel` the least delay, `hls` is there to compare. */
export const DELIVERIES = ['channel', 'll-hls', 'hls'] as const;

export type Delivery = (typeof DELIVERIES)[number];
