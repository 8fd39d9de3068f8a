import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from '../ui/icons.tsx';
import { moveFocus } from '../ui/menu.tsx';

export interface Choice {
  /** The engine's number for it; -1 for none, or for the engine's own choice. */
  readonly id: number;
  readonly label: string;
  readonly note?: string;
  /** Shown, and not to be chosen. */
  readonly isAbsent?: boolean;
}

interface ChoiceMenuProps {
  /** What is chosen, such as `Quality`. */
  readonly label: string;
  /** The present choice in words, for whoever does not see the button. */
  readonly now: string;
  readonly icon: IconName;
  readonly choices: readonly Choice[];
  readonly chosen: number;
  readonly onChoose: (id: number) => void;
  /** Of the button, with `-menu` behind it, and of its options, with `-option`. */
  readonly testId: string;
  /** Beside the icon. */
  readonly children?: ComponentChildren;
}

/** A button of the player with a list above it of which one is chosen. */
export function ChoiceMenu(props: ChoiceMenuProps): VNode {
  const { label, now, icon, choices, chosen, onChoose, testId, children } = props;
  const root = useRef<HTMLSpanElement>(null);
  const [open, setOpen] = useOpenMenu(root);
  const close = () => {
    setOpen(false);
    root.current?.querySelector('button')?.focus();
  };
  const choose = ({ id, isAbsent }: Choice) => {
    if (isAbsent) return;
    onChoose(id);
    close();
  };
  return (
    <span class={children ? 'choice has-text' : 'choice'} ref={root}>
      <button
        type="button"
        class="player-button"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={`${label}: ${now}`}
        title={label}
        onClick={() => setOpen(!open)}
        data-testid={`${testId}-menu`}
      >
        <Icon name={icon} size={20} />
        {children}
      </button>
      {open && (
        <div
          class="choice-list"
          role="menu"
          aria-label={label}
          tabIndex={-1}
          onKeyDown={(event) => moveFocus(event, close)}
        >
          {choices.map((each) => (
            <button
              key={each.id}
              type="button"
              role="menuitemradio"
              aria-checked={each.id === chosen}
              aria-disabled={each.isAbsent ?? false}
              onClick={() => choose(each)}
              data-testid={`${testId}-option`}
              data-choice={each.label}
            >
              <span class="choice-check">{each.id === chosen && <Icon name="check" size={15} />}</span>
              <span>{each.label}</span>
              {each.note && <small class="tabular">{each.note}</small>}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}

/** Open or not; while open the controls do not hide, and a press elsewhere closes it. */
function useOpenMenu(root: { readonly current: HTMLElement | null }): [boolean, (open: boolean) => void] {
  const [open, setOpen] = useState(false);
  useLayoutEffect(() => {
    if (!open) return;
    const chrome = root.current?.closest('.player-bottom');
    chrome?.setAttribute('noautohide', '');
    // As it appears: a key that comes at once is for the list.
    root.current?.querySelector<HTMLElement>('[aria-checked="true"]')?.focus();
    const leave = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', leave);
    document.addEventListener('focusin', leave);
    return () => {
      chrome?.removeAttribute('noautohide');
      document.removeEventListener('pointerdown', leave);
      document.removeEventListener('focusin', leave);
    };
  }, [open, root]);
  return [open, setOpen];
}
