import { useCallback, useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import type { Asset, PlaybackGrant } from '../api/shapes.ts';
import { isPlayable } from '../library/shelf.ts';
import { grants } from '../stores.ts';
import type { CarrierName } from './carrier-names.ts';
import { type PlaybackSource, publicSource, signedSource } from './carriers.ts';
import { setGrantCookies } from './grant-cookies.ts';

export interface SourceState {
  /** undefined until the asset is playable and, for a signed one, the grant is there. */
  readonly source: PlaybackSource | undefined;
  readonly problem: Problem | undefined;
  /** Throws the grant away and asks for another. */
  readonly renew: () => void;
}

/** What to play for an asset, by the carrier chosen. Sets and clears the grant's cookies as the carrier changes. */
export function useSource(asset: Asset, carrier: CarrierName): SourceState {
  const signed = asset.policy === 'signed';
  const wanted = isPlayable(asset);
  const [grant, setGrant] = useState<PlaybackGrant>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!signed || !wanted) return;
    let current = true;
    setProblem(undefined);
    grants.get(asset.assetId).then(
      (issued) => current && setGrant(issued),
      (thrown: unknown) => current && setProblem(Problem.from(thrown)),
    );
    return () => {
      current = false;
    };
  }, [asset.assetId, signed, wanted, round]);
  const cookiesSet = useGrantCookies(signed && carrier === 'cookies' ? grant : undefined);
  const renew = useCallback(() => {
    grants.forget(asset.assetId);
    setRound((count) => count + 1);
  }, [asset.assetId]);
  return { source: chooseSource(asset, carrier, grant, wanted, cookiesSet), problem, renew };
}

function chooseSource(
  asset: Asset,
  carrier: CarrierName,
  grant: PlaybackGrant | undefined,
  wanted: boolean,
  cookiesSet: boolean,
): PlaybackSource | undefined {
  if (!wanted) return undefined;
  if (asset.policy === 'public') return publicSource(asset);
  if (!grant || (carrier === 'cookies' && !cookiesSet)) return undefined;
  return signedSource(asset, grant, carrier);
}

/** Whether the grant's cookies stand. They are taken away when the grant or the page goes. */
function useGrantCookies(grant: PlaybackGrant | undefined): boolean {
  const [set, setSet] = useState(false);
  useEffect(() => {
    if (!grant) return;
    const clear = setGrantCookies(grant);
    setSet(true);
    return () => {
      clear();
      setSet(false);
    };
  }, [grant]);
  return set;
}
