import type { VNode } from 'preact';
import type { Asset } from '../api/shapes.ts';
import { CopyButton, Segmented } from '../ui/controls.tsx';
import { CARRIER_LABELS, CARRIERS, type CarrierName } from './carrier-names.ts';
import { cookiesReach } from './carriers.ts';

interface DeliveryPanelProps {
  readonly asset: Asset;
  readonly carrier: CarrierName;
  readonly onCarrier: (carrier: CarrierName) => void;
}

const CARRIER_SAYS: Readonly<Record<CarrierName, string>> = {
  url: 'The grant travels in the manifest’s address; the edge hands it on to every segment.',
  cookies: 'Three cookies for this film’s folder; every address stays plain.',
  token: 'A JWT in the manifest’s address, as ?token=.',
};

/** How the film reaches this player: openly, or by which carrier of a grant. */
export function DeliveryPanel({ asset, carrier, onCarrier }: DeliveryPanelProps): VNode {
  return (
    <section class="panel" aria-label="Delivery">
      <h2 class="panel-title">Delivery</h2>
      {asset.policy === 'signed' ? (
        <>
          <Segmented<CarrierName>
            label="How the grant travels"
            value={carrier}
            onChange={onCarrier}
            options={CARRIERS.map((name) => ({ value: name, label: CARRIER_LABELS[name], testId: `carrier-${name}` }))}
          />
          <p class="muted small">{CARRIER_SAYS[carrier]}</p>
          {carrier === 'cookies' && !cookiesReach(asset.playbackUrl, location.hostname) && (
            <p class="alert small" role="alert">
              This page and the edge have different host names, so the cookies will not reach it. Open the console under
              the edge’s name.
            </p>
          )}
        </>
      ) : (
        <p class="muted small">Public: anyone with the address may watch.</p>
      )}
      <div class="copy-line">
        <code title={asset.playbackUrl}>{asset.playbackUrl}</code>
        <CopyButton text={asset.playbackUrl} />
      </div>
    </section>
  );
}
