import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import type { Asset, PlaybackGrant, SigningKey } from '../api/shapes.ts';
import { useCell } from '../cell.ts';
import { api } from '../session.ts';
import { library } from '../stores.ts';
import { Notice } from '../ui/notice.tsx';
import { type GrantChoice, refuseChoice, writeGrantRequest } from './grant-choice.ts';
import { GrantForm } from './grant-form.tsx';
import { GrantOutput } from './grant-output.tsx';
import { SampleSection } from './sample-section.tsx';

export function SignPage({ assetId }: { assetId: string | undefined }): VNode {
  const shelf = useCell(library.shelf);
  const keys = useKeys();
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Sign a film</h1>
          <p class="muted">Give one viewer access for a while, or copy the code that does it in your own backend.</p>
        </div>
      </header>
      {shelf === undefined && <div class="panel skeleton sign-skeleton" role="status" aria-label="Loading" />}
      {shelf?.length === 0 && (
        <Notice icon="film" title="There is no film to sign yet">
          <p>
            Upload one in the <a href="#/">library</a> first.
          </p>
        </Notice>
      )}
      {shelf && shelf.length > 0 && (
        <SignDesk key={assetId} assets={shelf} keys={keys} assetIdAtFirst={assetId ?? firstChoice(shelf)} />
      )}
    </>
  );
}

/** A signed film is what people come here for; any other one serves as well. */
function firstChoice(assets: readonly Asset[]): string {
  return (assets.find((asset) => asset.policy === 'signed') ?? assets[0])?.assetId ?? '';
}

interface SignDeskProps {
  readonly assets: readonly Asset[];
  readonly keys: readonly SigningKey[];
  readonly assetIdAtFirst: string;
}

function SignDesk({ assets, keys, assetIdAtFirst }: SignDeskProps): VNode {
  const [choice, setChoice] = useState<GrantChoice>({
    assetId: assetIdAtFirst,
    carrier: 'url',
    expiresInSeconds: 3_600,
    startsAtLocal: '',
    ip: '',
  });
  const [issued, setIssued] = useState<{ grant: PlaybackGrant; choice: GrantChoice }>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const asset = assets.find((one) => one.assetId === choice.assetId);
  const issue = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const refusal = refuseChoice(choice, Date.now());
      if (refusal) throw new Problem('CHOICE_REFUSED', 0, refusal);
      setIssued({ grant: await api.issueGrant(writeGrantRequest(choice)), choice });
    } catch (thrown) {
      setProblem(Problem.from(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="sign">
      <div class="sign-left">
        <GrantForm
          assets={assets}
          choice={choice}
          onChoice={setChoice}
          busy={busy}
          problem={problem}
          onIssue={() => void issue()}
        />
      </div>
      <div class="sign-right">
        <GrantOutput issued={issued && sameGrant(issued.choice, choice) ? issued.grant : undefined} choice={choice} />
        {asset && <SampleSection choice={choice} asset={asset} keys={keys} />}
      </div>
    </div>
  );
}

/** The carrier is only another form of the same grant; any other change asks for a new one. */
function sameGrant(a: GrantChoice, b: GrantChoice): boolean {
  return JSON.stringify({ ...a, carrier: '' }) === JSON.stringify({ ...b, carrier: '' });
}

/** The user's own keys that are in force: the server's private half cannot sign elsewhere. */
function useKeys(): readonly SigningKey[] {
  const [keys, setKeys] = useState<readonly SigningKey[]>([]);
  useEffect(() => {
    api.listKeys().then(
      (all) => setKeys(all.filter((key) => !key.revokedAt && key.owner !== 'server')),
      () => undefined, // A token without `keys:read`: the sample then shows where the key's id goes.
    );
  }, []);
  return keys;
}
