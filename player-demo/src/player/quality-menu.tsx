import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatBitrate } from '../format.ts';
import { Icon } from '../ui/icons.tsx';
import { moveFocus } from '../ui/menu.tsx';
import { type Level, levelName, qualityLabel } from './levels.ts';

interface QualityMenuProps {
  readonly levels: readonly Level[];
  readonly playing: number;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
}

export function QualityMenu({ levels, playing, chosen, onChoose }: QualityMenuProps): VNode {
  const root = useRef<HTMLSpanElement>(null);
  const [open, setOpen] = useOpenMenu(root);
  const choose = (index: number) => {
    onChoose(index);
    setOpen(false);
    root.current?.querySelector('button')?.focus();
  };
  return (
    <span class="quality" ref={root}>
      <button
        type="button"
        class="player-button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={`Quality: ${qualityLabel(levels, chosen, playing)}`}
        onClick={() => setOpen(!open)}
        data-testid="quality-menu"
      >
        <Icon name="gear" size={20} />
        <span class="quality-now tabular">
          {chosen < 0 && playing >= 0 && <span class="wide-only">Auto · </span>}
          {levelName(levels, chosen < 0 ? playing : chosen)}
        </span>
      </button>
      {open && (
        <div
          class="quality-list"
          role="menu"
          aria-label="Quality"
          tabIndex={-1}
          onKeyDown={(event) => moveFocus(event, () => setOpen(false))}
        >
          <QualityItem label="Auto" note="fits your connection" checked={chosen < 0} onChoose={() => choose(-1)} />
          {levels.map((level) => (
            <QualityItem
              key={level.index}
              label={level.label}
              note={formatBitrate(level.bitrateBps)}
              checked={chosen === level.index}
              onChoose={() => choose(level.index)}
            />
          ))}
        </div>
      )}
    </span>
  );
}

interface QualityItemProps {
  readonly label: string;
  readonly note: string;
  readonly checked: boolean;
  readonly onChoose: () => void;
}

function QualityItem({ label, note, checked, onChoose }: QualityItemProps): VNode {
  return (
    <button
      type="button"
      role="menuitemradio"
      aria-checked={checked}
      onClick={onChoose}
      data-testid="quality-option"
      data-quality={label}
    >
      <span class="quality-check">{checked && <Icon name="check" size={15} />}</span>
      <span>{label}</span>
      <small class="tabular">{note}</small>
    </button>
  );
}

/** Open or not; while open the controls do not hide, and a press elsewhere closes it. */
function useOpenMenu(root: { readonly current: HTMLElement | null }): [boolean, (open: boolean) => void] {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (!open) return;
    const chrome = root.current?.closest('.player-bottom');
    chrome?.setAttribute('noautohide', '');
    root.current?.querySelector<HTMLElement>('[aria-checked="true"]')?.focus();
    const leave = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', leave);
    return () => {
      chrome?.removeAttribute('noautohide');
      document.removeEventListener('pointerdown', leave);
    };
  }, [open, root]);
  return [open, setOpen];
}
