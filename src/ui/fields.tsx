/** Fields of forms, with their labels and notes. */
import { useState } from 'react';
import { TextInput, NativeSelect, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface Props {
  label: string;
  help?: string;
  title?: string;
  value: number;
  min: number;
  max?: number;
  step?: number;
  integer?: boolean;
  disabled?: boolean;
  onChange(value: number): void;
}

/** A number typed by hand: taken as soon as it is one and within its bounds; until then it is marked and nothing changes. */
export function NumberField({ label, help, title, value, min, max, step = 1, integer = false, disabled = false, onChange }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState<string | null>(null);
  const wrong = (number: number) =>
    !Number.isFinite(number) || number < min || (max !== undefined && number > max) || (integer && !Number.isInteger(number));
  const bounds = max === undefined ? t('number.atLeast', { min }) : t('number.between', { min, max });
  const bad = text !== null && (text.trim() === '' || wrong(Number(text)));
  return (
    <TextInput
      size="xs"
      type="number"
      label={label}
      description={help}
      // The note stands below, so that fields side by side keep one line.
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      title={title}
      min={min}
      {...(max === undefined ? {} : { max })}
      step={step}
      disabled={disabled}
      value={text ?? String(value)}
      error={bad ? (integer ? `${bounds} ${t('number.whole')}` : bounds) : undefined}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        if (typed.trim() !== '' && !wrong(Number(typed))) onChange(Number(typed));
      }}
      onBlur={() => setText(null)}
    />
  );
}

export function TextField({ label, value, onChange }: { label: string; value: string; onChange(value: string): void }) {
  return <TextInput size="xs" label={label} value={value} maxLength={120} onChange={(event) => onChange(event.currentTarget.value)} />;
}

interface ProseFieldProps {
  label: string;
  help: string;
  value: string;
  most: number;
  onChange(value: string): void;
}

/** Text that is never empty: what is cleared comes back unless something else is typed. */
export function ProseField({ label, help, value, most, onChange }: ProseFieldProps) {
  const [text, setText] = useState<string | null>(null);
  return (
    <TextInput
      size="xs"
      label={label}
      description={help}
      inputWrapperOrder={['label', 'input', 'description']}
      value={text ?? value}
      maxLength={most}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        if (typed !== '') onChange(typed);
      }}
      onBlur={() => setText(null)}
    />
  );
}

interface NamesFieldProps {
  label: string;
  help: string;
  names: readonly string[];
  error?: string | undefined;
  onChange(names: string[]): void;
}

/** Names typed with commas or spaces between. */
export function NamesField({ label, help, names, error, onChange }: NamesFieldProps) {
  // What is typed, so that a comma at its end stays.
  const [text, setText] = useState<string | null>(null);
  return (
    <TextInput
      size="xs"
      label={label}
      description={help}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      value={text ?? names.join(', ')}
      error={error}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        onChange(typed.split(/[\s,，、]+/).filter((part) => part !== ''));
      }}
      onBlur={() => setText(null)}
    />
  );
}

interface ChoiceFieldProps<Choice extends string> {
  label: string;
  help?: string;
  disabled?: boolean;
  value: Choice;
  choices: readonly Choice[];
  words(choice: Choice): string;
  onChange(choice: Choice): void;
}

export function ChoiceField<Choice extends string>({
  label,
  help,
  value,
  choices,
  words,
  disabled = false,
  onChange,
}: ChoiceFieldProps<Choice>) {
  return (
    <NativeSelect
      size="xs"
      label={label}
      description={help}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      value={value}
      disabled={disabled}
      data={choices.map((choice) => ({ value: choice, label: words(choice) }))}
      onChange={(event) => {
        const choice = choices.find((one) => one === event.currentTarget.value);
        if (choice !== undefined) onChange(choice);
      }}
    />
  );
}

interface SwitchFieldProps {
  label: string;
  help: string;
  checked: boolean;
  onChange(checked: boolean): void;
}

export function SwitchField({ label, help, checked, onChange }: SwitchFieldProps) {
  return (
    <Switch size="sm" label={label} description={help} checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
  );
}
