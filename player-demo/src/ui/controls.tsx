import type { ButtonHTMLAttributes, ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icons.tsx';

type ButtonLook = 'primary' | 'plain' | 'quiet' | 'danger';

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon'> & {
  look?: ButtonLook;
  icon?: IconName;
  busy?: boolean;
  disabled?: boolean;
  type?: 'button' | 'submit';
  children?: ComponentChildren;
  'data-testid'?: string;
};

export function Button({ look = 'plain', icon, busy = false, type = 'button', children, ...rest }: ButtonProps): VNode {
  return (
    <button {...rest} type={type} class={`button button-${look}`} disabled={rest.disabled || busy} aria-busy={busy}>
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={17} />}
      {children && <span>{children}</span>}
    </button>
  );
}

type IconButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon'> & {
  icon: IconName;
  label: string;
  'data-testid'?: string;
};

export function IconButton({ icon, label, ...rest }: IconButtonProps): VNode {
  return (
    <button {...rest} type="button" class="icon-button" aria-label={label} title={label}>
      <Icon name={icon} />
    </button>
  );
}

interface CopyButtonProps {
  readonly text: string;
  readonly label?: string;
  /** For whoever does not see what it stands beside. */
  readonly says?: string;
}

/** A button that copies a text and says so for a moment. */
export function CopyButton({ text, label = 'Copy', says = label }: CopyButtonProps): VNode {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_600);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Button
      look="plain"
      icon={copied ? 'check' : 'copy'}
      onClick={() => void copyText(text).then(setCopied)}
      aria-label={copied ? 'Copied' : says}
    >
      {copied ? 'Copied' : label}
    </Button>
  );
}

/** Whether the text is on the clipboard now. Plain http on another host than localhost has no clipboard API. */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Permission refused: the old way below may still work.
    }
  }
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

interface SegmentedProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly testId?: string }[];
  readonly onChange: (value: T) => void;
}

/** A row of choices of which one holds: radio buttons underneath, so arrow keys and screen readers work. */
export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>): VNode {
  const name = useRef(`choice-${Math.random().toString(36).slice(2)}`).current;
  return (
    <fieldset class="segmented">
      <legend class="visually-hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value} class={option.value === value ? 'is-chosen' : ''} data-testid={option.testId}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function ProgressBar({ share, label }: { share: number; label: string }): VNode {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(percent)}
    >
      <div class="progress-fill" style={{ width: `${percent}%` }} />
    </div>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: string; children: ComponentChildren }): VNode {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child.
    <label class="field">
      <span class="field-label">{label}</span>
      {children}
      {hint && <span class="field-hint">{hint}</span>}
    </label>
  );
}

/** Choices with their name before them, as fields have it, and what the one that holds means. */
export function ChoiceField<T extends string>({ hint, ...choice }: SegmentedProps<T> & { hint?: string }): VNode {
  return (
    <div class="field">
      <span class="field-label">{choice.label}</span>
      <Segmented<T> {...choice} />
      {hint && <span class="field-hint">{hint}</span>}
    </div>
  );
}
