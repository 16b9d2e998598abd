/** The kinds of field the recipe drawer has, besides numbers. */
import { NativeSelect, Switch, TextInput } from '@mantine/core';

export function TextField({ label, value, onChange }: { label: string; value: string; onChange(value: string): void }) {
  return <TextInput size="xs" label={label} value={value} maxLength={120} onChange={(event) => onChange(event.currentTarget.value)} />;
}

interface ChoiceFieldProps<Choice extends string> {
  label: string;
  help?: string;
  value: Choice;
  choices: readonly Choice[];
  words(choice: Choice): string;
  onChange(choice: Choice): void;
}

export function ChoiceField<Choice extends string>({ label, help, value, choices, words, onChange }: ChoiceFieldProps<Choice>) {
  return (
    <NativeSelect
      size="xs"
      label={label}
      description={help}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
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
