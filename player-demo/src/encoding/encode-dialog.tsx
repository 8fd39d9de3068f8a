import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.ts';
import type { Asset, Encryption, Ladder } from '../api/shapes.ts';
import { api } from '../session.ts';
import { library } from '../stores.ts';
import { ChoiceField, Field } from '../ui/controls.tsx';
import { tell } from '../ui/toast.tsx';
import { FormDialog } from '../ui/work-dialog.tsx';
import { ladderFacts, ladderNote } from './ladder-facts.ts';
import { LoudnessSelect } from './loudness-select.tsx';

export function EncodeDialog({ asset, onClose }: { asset: Asset; onClose: () => void }): VNode {
  const { ladders, problem: away } = useLadders();
  const [chosen, setChosen] = useState<string>();
  const ladder = chosen ?? ladders?.find(({ isDefault }) => isDefault)?.name ?? ladders?.[0]?.name;
  const present = { encryption: asset.encryption ?? 'none', loudness: asset.loudness?.targetLufs ?? null };
  const [encryption, setEncryption] = useState<Encryption>(present.encryption);
  const [loudness, setLoudness] = useState<number | null>(present.loudness);
  const encode = async () => {
    await library.encodeAgain(asset, {
      ...(ladder === undefined ? {} : { ladder }),
      ...(encryption === present.encryption ? {} : { encryption }),
      // Said only where it was chosen: a ladder may have a loudness of its own.
      ...(loudness === present.loudness ? {} : { loudness }),
    });
    tell(`${asset.title} is being encoded again.`);
  };
  const isRunning = asset.encoding?.status === 'running';
  return (
    <FormDialog
      title="Encode again"
      label="Encode"
      isReady={ladder !== undefined}
      work={encode}
      onClose={onClose}
      problem={away}
      testId="encode-dialog"
      submitTestId="encode-submit"
    >
      <p class="muted">
        Makes a new version from the stored source.{' '}
        {asset.status === 'ready' &&
          `Viewers keep version ${asset.version} until it is whole; whoever is in the middle of it then plays it to its end.`}
      </p>
      {ladders === undefined && !away && <div class="skeleton ladder-skeleton" role="status" aria-label="Loading" />}
      <fieldset class="ladders">
        <legend class="visually-hidden">Ladder</legend>
        {ladders?.map((one) => (
          <LadderChoice key={one.name} ladder={one} isChosen={one.name === ladder} onChoose={setChosen} />
        ))}
      </fieldset>
      <div class="field-pair">
        <Field label="Sound">
          <LoudnessSelect value={loudness} onChange={setLoudness} />
        </Field>
        <ChoiceField<Encryption>
          label="Segments"
          value={encryption}
          onChange={setEncryption}
          options={[
            { value: 'none', label: 'Clear', testId: 'version-clear' },
            { value: 'aes-128', label: 'Encrypted', testId: 'version-encrypted' },
          ]}
        />
      </div>
      {isRunning && (
        <p class="muted small">
          Version {asset.encoding?.version} is under way by {asset.encoding?.ladder}; another ladder takes its place.
        </p>
      )}
    </FormDialog>
  );
}

interface LadderChoiceProps {
  readonly ladder: Ladder;
  readonly isChosen: boolean;
  readonly onChoose: (name: string) => void;
}

function LadderChoice({ ladder, isChosen, onChoose }: LadderChoiceProps): VNode {
  return (
    <label class={`ladder-choice${isChosen ? ' is-chosen' : ''}`} data-testid="ladder-choice" data-ladder={ladder.name}>
      <input type="radio" name="ladder" value={ladder.name} checked={isChosen} onChange={() => onChoose(ladder.name)} />
      <span class="ladder-choice-text">
        <span>
          <strong>{ladder.name}</strong>
          {ladder.isDefault && <span class="chip chip-idle">default</span>}
        </span>
        <span class="small tabular">{ladderFacts(ladder).join(' · ')}</span>
        <span class="muted small">{ladderNote(ladder)}</span>
      </span>
    </label>
  );
}

function useLadders(): { ladders: readonly Ladder[] | undefined; problem: Problem | undefined } {
  const [ladders, setLadders] = useState<readonly Ladder[]>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    let current = true;
    api.listLadders().then(
      (read) => current && setLadders(read.toSorted((a, b) => Number(b.isDefault) - Number(a.isDefault))),
      (thrown: unknown) => current && setProblem(Problem.from(thrown)),
    );
    return () => {
      current = false;
    };
  }, []);
  return { ladders, problem };
}
