import type { SiteConfig } from '../../kernel/distribution/site-config.ts';
import { type StateSection, versionOf } from './sections.ts';

export interface SiteParts {
  siteConfig(): Promise<SiteConfig>;
}

/** Distributions and all that they name. */
export function siteSection(configurations: SiteParts): StateSection {
  return {
    name: 'site',
    read: async () => {
      const value = await configurations.siteConfig();
      return { version: versionOf(value), value };
    },
  };
}
