import type { EdgeOptions } from '../edge-options.ts';
import { healthPathOf } from '../health-path.ts';
import { VIEWER_SCHEME_HEADER } from '../scheme.ts';
import type { EdgeSigner } from '../signer.ts';
import type { MakeOrigins } from '../sites/site-origins.ts';
import { Origins, type OriginsOptions } from './origins.ts';

/** The origin of the edge itself, and those that stand in for it. @throws SettingsError */
export function makeOrigins(options: EdgeOptions, signer: EdgeSigner | undefined): Origins {
  const { originUrls, settings } = options;
  const origins = originUrls.map((url) => ({ url, settings }));
  const { parentUrls: parents = [] } = options;
  return originsOf(options, { origins, settings, parents, sign: signatureOf(signer), signForParent: undefined });
}

/**
 * How those of distributions are made: they are somebody else's, and only another edge is to know who asks. Parents are those
 * of the edge's own.
 */
export function makeSiteOrigins(options: EdgeOptions, signer: EdgeSigner | undefined, parents: Origins): MakeOrigins {
  const sign = signatureOf(signer);
  return (asked, scheme) => {
    const told = scheme === 'https' ? [VIEWER_SCHEME_HEADER, scheme] : [];
    const signForParent: OriginsOptions['sign'] = (method, target) => [...(sign?.(method, target) ?? []), ...told];
    return originsOf(options, { ...asked, parents, sign: undefined, signForParent });
  };
}

type Own = Pick<OriginsOptions, 'origins' | 'settings' | 'parents' | 'sign' | 'signForParent'>;

function originsOf({ mode, log }: EdgeOptions, own: Own): Origins {
  const now = () => performance.now();
  return new Origins({ ...own, parentHealthPath: healthPathOf(mode), now, log });
}

/** Undefined in front of other people's origins, where there is nobody to sign for. */
function signatureOf(signer: EdgeSigner | undefined): OriginsOptions['sign'] {
  return signer && ((method, target) => signer.fields(method, target));
}
