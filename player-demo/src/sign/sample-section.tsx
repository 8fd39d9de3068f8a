import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Asset, SigningKey } from '../api/shapes.ts';
import { Field } from '../ui/controls.tsx';
import { CodeBlock } from './code-block.tsx';
import { writeSample } from './code-samples.ts';
import type { GrantChoice } from './grant-choice.ts';

interface SampleSectionProps {
  readonly choice: GrantChoice;
  readonly asset: Asset;
  readonly keys: readonly SigningKey[];
}

/** The code that makes this very grant in the user's own backend, with one of their keys. */
export function SampleSection({ choice, asset, keys }: SampleSectionProps): VNode {
  const [chosen, setChosen] = useState<string>();
  const key = keys.find((one) => one.keyPairId === chosen) ?? keys[0];
  const sample = writeSample(choice, {
    playbackUrl: asset.playbackUrl,
    keyPairId: key?.keyPairId,
    algorithm: key?.algorithm ?? 'RSA',
  });
  return (
    <section class="panel stack" aria-label="Code for your backend">
      <header class="panel-head">
        <h2 class="panel-title">In your Node backend</h2>
      </header>
      {keys.length > 0 ? (
        <Field label="Sign with">
          <select class="input" value={key?.keyPairId} onChange={(event) => setChosen(event.currentTarget.value)}>
            {keys.map((one) => (
              <option key={one.keyPairId} value={one.keyPairId}>
                {one.name} · {one.keyPairId}
              </option>
            ))}
          </select>
        </Field>
      ) : (
        <p class="alert small">
          <span>
            Your backend signs with a key of its own. <a href="#/keys">Create one</a>, and its id goes in here.
          </span>
        </p>
      )}
      <div class="install">
        <code>{sample.install}</code>
      </div>
      <CodeBlock title="sign-film.js" code={sample.code} testId="sign-code" />
    </section>
  );
}
