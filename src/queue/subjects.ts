/**
 * What a job is about, as text: an asset's id for the version that is made first, and the id with a version behind it
 * for an encoding anew, so that the work on either can be counted and called off without the other's.
 */
export function encodingSubject(assetId: string, version: number): string {
  return `${assetId}/v${version}`;
}

export function readSubject(subject: string): { readonly assetId: string; readonly version?: number } {
  const [assetId = '', version] = subject.split('/v', 2);
  return version === undefined ? { assetId } : { assetId, version: Number(version) };
}
