export function pathOf(assetId: string): string {
  return `/v1/assets/${encodeURIComponent(assetId)}`;
}
