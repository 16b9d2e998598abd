/** The kinds of field the recipe drawer has. A number is taken when it is one and within its bounds; until then it is marked. */
import { useState } from 'react';
import { NativeSelect, Switch, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface NumberFieldProps {
  label: string;
  help?: string;
  value: number;
  min: number;
  max?: number;
  step?: number;
  integer?: boolean;
  onChange(value: number): void;
}

export function NumberField({ label, help, value, min, max, step = 1, integer = false, onChange }: NumberFieldProps) {
  const { t } = useTranslation('desk');
  const [text, setText] = useState<string | null>(null);
  const wrong = (number: number) =>
    !Number.isFinite(number) || number < min || (max !== undefined && number > max) || (integer && !Number.isInteger(number));
  const bounds = max === undefined ? t('recipe.atLeast', { min }) : t('recipe.between', { min, max });
  const bad = text !== null && (text.trim() === '' || wrong(Number(text)));
  return (
    <TextInput
      size="xs"
      type="number"
      label={label}
      description={help}
      min={min}
      {...(max === undefined ? {} : { max })}
      step={step}
      value={text ?? String(value)}
      error={bad ? (integer ? `${bounds} ${t('recipe.whole')}` : bounds) : undefined}
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

interface ChoiceFieldProps<Choice extends string> {
  label: string;
  value: Choice;
  choices: readonly Choice[];
  words(choice: Choice): string;
  onChange(choice: Choice): void;
}

export function ChoiceField<Choice extends string>({ label, value, choices, words, onChange }: ChoiceFieldProps<Choice>) {
  return (
    <NativeSelect
      size="xs"
      label={label}
      value={value}
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
