import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Asset, Subtitles } from '../api/shapes.ts';
import { api } from '../session.ts';
import { Button, IconButton } from '../ui/controls.tsx';
import { Icon } from '../ui/icons.tsx';
import { tell, tellProblem } from '../ui/toast.tsx';
import { AddSubtitlesDialog } from './add-subtitles-dialog.tsx';
import { languageName } from './languages.ts';
import { useSubtitles } from './use-subtitles.ts';

/** A film's subtitles: its own and those that were added, which can be removed again. */
export function SubtitlesPanel({ asset }: { asset: Asset }): VNode | null {
  const { list, problem, refresh } = useSubtitles(asset.assetId, asset.status);
  const [adding, setAdding] = useState(false);
  if (asset.status === 'errored') return null;
  return (
    <section class="panel side-by-side" aria-label="Subtitles" data-testid="subtitles-panel">
      <header class="panel-head">
        <h2 class="panel-title">Subtitles</h2>
        <Button icon="plus" onClick={() => setAdding(true)} data-testid="subtitles-add">
          Add
        </Button>
      </header>
      {problem && (
        <p class="alert small" role="alert">
          {problem.message} <code>{problem.code}</code>
        </p>
      )}
      {list?.length === 0 && (
        <p class="muted small">None yet. Add an SRT or WebVTT file; viewers can choose it seconds later.</p>
      )}
      {list && list.length > 0 && (
        <ul class="rows">
          {list.map((one) => (
            <SubtitlesRow key={keyOf(one)} asset={asset} one={one} onChange={refresh} />
          ))}
        </ul>
      )}
      {adding && (
        <AddSubtitlesDialog asset={asset} known={list ?? []} onAdded={refresh} onClose={() => setAdding(false)} />
      )}
    </section>
  );
}

interface RowProps {
  readonly asset: Asset;
  readonly one: Subtitles;
  readonly onChange: () => void;
}

function SubtitlesRow({ asset, one, onChange }: RowProps): VNode {
  const [busy, setBusy] = useState(false);
  const { language } = one;
  const label = labelOf(one);
  const remove = (tag: string) => {
    setBusy(true);
    api.removeSubtitles(asset.assetId, tag).then(
      () => {
        tell(`${label} removed.`);
        onChange();
      },
      (thrown: unknown) => {
        setBusy(false);
        tellProblem(thrown);
      },
    );
  };
  return (
    <li class="row" data-testid="subtitles-row" data-language={language} data-status={one.status}>
      <Icon name="captions" />
      <div class="row-text">
        <strong>{label}</strong>
        <span class="muted small">{factsOf(one).join(' · ')}</span>
      </div>
      {one.status === 'pending' && (
        <span class="chip chip-busy">
          <i aria-hidden="true" />
          <span>{asset.status === 'ready' || asset.status === 'playable' ? 'Publishing' : 'Waits for the film'}</span>
        </span>
      )}
      {one.origin === 'uploaded' && language !== undefined && (
        <IconButton
          icon="trash"
          label={`Remove ${label}`}
          disabled={busy}
          onClick={() => remove(language)}
          data-testid="subtitles-remove"
        />
      )}
    </li>
  );
}

function keyOf({ origin, language, name, createdAt }: Subtitles): string {
  return [origin, language, name, createdAt].join(' ');
}

function labelOf({ name, language }: Subtitles): string {
  return name ?? (language === undefined ? 'Unknown language' : languageName(language));
}

function factsOf(one: Subtitles): string[] {
  const { name, language, kind, forced, origin } = one;
  return [
    ...(name !== undefined && language !== undefined ? [languageName(language)] : []),
    ...(kind === 'captions' ? ['captions'] : []),
    ...(one.default ? ['shown by default'] : []),
    ...(forced ? ['forced'] : []),
    origin === 'embedded' ? 'from the film' : 'added here',
  ];
}
