/** Where our manifests name files: the templates of segments, and the address of a file that is one segment. */
const TEMPLATE = /( (?:initialization|media)=")([^"]*)(")/g;
const BASE = /(<BaseURL>)([^<]*)(<\/BaseURL>)/g;

/** The manifest with every address replaced by what `map` makes of it; everything else stays as it was. */
export function rewriteManifest(manifest: string, map: (address: string) => string): string {
  const replace = (_whole: string, before: string, address: string, after: string) => before + map(address) + after;
  return manifest.replace(TEMPLATE, replace).replace(BASE, replace);
}
