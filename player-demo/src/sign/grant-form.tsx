import type { VNode } from 'preact';
import type { Problem } from '../api/problem.ts';
import type { Asset } from '../api/shapes.ts';
import { CARRIER_LABELS, CARRIERS, type CarrierName } from '../player/carrier-names.ts';
import { Button, ChoiceField, Field } from '../ui/controls.tsx';
import { EXPIRY_CHOICES, type GrantChoice } from './grant-choice.ts';

interface GrantFormProps {
  readonly assets: readonly Asset[];
  readonly choice: GrantChoice;
  readonly onChoice: (choice: GrantChoice) => void;
  readonly busy: boolean;
  readonly problem: Problem | undefined;
  readonly onIssue: () => void;
}

const CARRIER_FITS: Readonly<Record<CarrierName, string>> = {
  url: 'One address that plays anywhere: in a page, an app, an e-mail.',
  cookies: 'Plain addresses for people who visit your own site.',
  token: 'A JWT that your backend makes with any library.',
};

export function GrantForm({ assets, choice, onChoice, busy, problem, onIssue }: GrantFormProps): VNode {
  const change = (part: Partial<GrantChoice>) => onChoice({ ...choice, ...part });
  const asset = assets.find((one) => one.assetId === choice.assetId);
  return (
    <form
      class="panel stack"
      onSubmit={(event) => {
        event.preventDefault();
        onIssue();
      }}
    >
      <Field label="Film">
        <select
          class="input"
          value={choice.assetId}
          onChange={(event) => change({ assetId: event.currentTarget.value })}
          data-testid="sign-asset"
        >
          {assets.map((one) => (
            <option key={one.assetId} value={one.assetId}>
              {one.title} ({one.policy})
            </option>
          ))}
        </select>
      </Field>
      {asset?.policy === 'public' && (
        <p class="alert small">
          This film is public: it plays without a grant too. Require a signature in the library.
        </p>
      )}
      <ChoiceField<CarrierName>
        label="Carrier"
        value={choice.carrier}
        onChange={(carrier) => change({ carrier })}
        options={CARRIERS.map((name) => ({ value: name, label: CARRIER_LABELS[name], testId: `carrier-${name}` }))}
        hint={CARRIER_FITS[choice.carrier]}
      />
      <Field label="Valid for">
        <select
          class="input"
          value={String(choice.expiresInSeconds)}
          onChange={(event) => change({ expiresInSeconds: Number(event.currentTarget.value) })}
          data-testid="sign-expiry"
        >
          {EXPIRY_CHOICES.map((one) => (
            <option key={one.seconds} value={String(one.seconds)}>
              {one.label}
            </option>
          ))}
        </select>
      </Field>
      <div class="field-pair">
        <Field label="Not before" hint="Optional, your local time">
          <input
            class="input"
            type="datetime-local"
            value={choice.startsAtLocal}
            onInput={(event) => change({ startsAtLocal: event.currentTarget.value })}
            data-testid="sign-starts"
          />
        </Field>
        <Field label="Only from IP" hint="Optional, one or a range">
          <input
            class="input"
            inputMode="text"
            autocomplete="off"
            spellcheck={false}
            placeholder="203.0.113.0/24"
            value={choice.ip}
            onInput={(event) => change({ ip: event.currentTarget.value })}
            data-testid="sign-ip"
          />
        </Field>
      </div>
      {problem && (
        <p class="alert" role="alert" data-testid="sign-problem">
          {problem.message} <code>{problem.code}</code>
        </p>
      )}
      <Button look="primary" type="submit" icon="pen" busy={busy} data-testid="sign-issue">
        Issue the grant
      </Button>
    </form>
  );
}
