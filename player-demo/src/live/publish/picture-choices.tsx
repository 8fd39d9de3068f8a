import type { VNode } from 'preact';
import { Icon, type IconName } from '../../ui/icons.tsx';
import type { PictureKind } from './picture-source.ts';

const KINDS: readonly { kind: PictureKind; label: string; icon: IconName; says: string }[] = [
  { kind: 'camera', label: 'Camera', icon: 'camera', says: 'with the microphone' },
  { kind: 'screen', label: 'Screen', icon: 'screen', says: 'a window or all of it' },
  { kind: 'test', label: 'Test picture', icon: 'grid', says: 'bars, a clock and a beep' },
];

interface PictureChoicesProps {
  readonly disabled: boolean;
  readonly onChoose: (kind: PictureKind) => void;
}

/** What can be sent from a browser. */
export function PictureChoices({ disabled, onChoose }: PictureChoicesProps): VNode {
  return (
    <div class="studio-kinds">
      {KINDS.map(({ kind, label, icon, says }) => (
        <button
          key={kind}
          type="button"
          class="studio-kind"
          disabled={disabled}
          onClick={() => onChoose(kind)}
          data-testid={`studio-${kind}`}
        >
          <Icon name={icon} size={26} />
          <strong>{label}</strong>
          <span>{says}</span>
        </button>
      ))}
    </div>
  );
}
