/** The three ways a grant can travel with the viewer's requests. */
export const CARRIERS = ['url', 'cookies', 'token'] as const;

export type CarrierName = (typeof CARRIERS)[number];

export const CARRIER_LABELS: Readonly<Record<CarrierName, string>> = {
  url: 'Signed URL',
  cookies: 'Signed cookies',
  token: 'Token',
};
