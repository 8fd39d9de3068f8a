import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Asset, Subtitles } from '../api/shapes.ts';
import { api } from '../session.ts';
import { Field, Segmented } from '../ui/controls.tsx';
import { FileField } from '../ui/file-field.tsx';
import { tell } from '../ui/toast.tsx';
import { FormDialog } from '../ui/work-dialog.tsx';
import { isLanguageTag, languageName, languageOfFile, offeredLanguages } from './languages.ts';

const OTHER = 'other';

interface AddSubtitlesProps {
  readonly asset: Asset;
  readonly known: readonly Subtitles[];
  readonly onAdded: () => void;
  readonly onClose: () => void;
}

export function AddSubtitlesDialog({ asset, known, onAdded, onClose }: AddSubtitlesProps): VNode {
  const [file, setFile] = useState<File>();
  const [chosen, setChosen] = useState('');
  const [tag, setTag] = useState('');
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Subtitles['kind']>('subtitles');
  const [isDefault, setDefault] = useState(false);
  const language = chosen === OTHER ? tag.trim() : chosen;
  const replaces = known.some((one) => one.origin === 'uploaded' && one.language === language);
  const take = (next: File) => {
    setFile(next);
    const told = languageOfFile(next.name);
    if (told !== undefined && chosen === '') setChosen(told);
  };
  const add = async () => {
    if (!file) return;
    const label = name.trim();
    const given = { language, kind, default: isDefault, ...(label === '' ? {} : { name: label }) };
    await api.putSubtitles(asset.assetId, file, given);
    tell(`${label || languageName(language)} added.`);
    onAdded();
  };
  return (
    <FormDialog
      title="Add subtitles"
      label={replaces ? 'Replace' : 'Add'}
      isReady={file !== undefined && isLanguageTag(language)}
      work={add}
      onClose={onClose}
      testId="subtitles-dialog"
      submitTestId="subtitles-submit"
    >
      <FileField
        label="SRT or WebVTT file"
        accept=".srt,.vtt,text/vtt,application/x-subrip,text/plain"
        file={file}
        onFile={take}
        testId="subtitles-file"
      />
      <div class="field-pair">
        <Field label="Language">
          <select
            class="input"
            required
            value={chosen}
            onChange={(event) => setChosen(event.currentTarget.value)}
            data-testid="subtitles-language"
          >
            <option value="" disabled>
              Choose one
            </option>
            {offeredLanguages().map((one) => (
              <option key={one.tag} value={one.tag}>
                {one.name}
              </option>
            ))}
            <option value={OTHER}>Another, by its tag</option>
          </select>
        </Field>
        {chosen === OTHER && (
          <Field label="Language tag">
            <input
              class="input"
              placeholder="gsw-CH"
              value={tag}
              onInput={(event) => setTag(event.currentTarget.value)}
              data-testid="subtitles-tag"
            />
          </Field>
        )}
        <Field label="Label in the menu">
          <input
            class="input"
            maxLength={100}
            placeholder={isLanguageTag(language) ? languageName(language) : 'As the language'}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            data-testid="subtitles-name"
          />
        </Field>
      </div>
      <Segmented<Subtitles['kind']>
        label="What they tell"
        value={kind}
        onChange={setKind}
        options={[
          { value: 'subtitles', label: 'What is said' },
          { value: 'captions', label: 'Sounds too', testId: 'subtitles-captions' },
        ]}
      />
      <label class="checkbox">
        <input
          type="checkbox"
          checked={isDefault}
          onChange={(event) => setDefault(event.currentTarget.checked)}
          data-testid="subtitles-default"
        />
        <span>Show unless the viewer says otherwise</span>
      </label>
      {replaces && <p class="muted small">Replaces what was added in {languageName(language)} before.</p>}
    </FormDialog>
  );
}
