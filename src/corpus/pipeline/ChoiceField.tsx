/** One of a few ways in which a stage can work. */
import { NativeSelect } from '@mantine/core';

interface Props<Choice extends string> {
  label: string;
  value: Choice;
  choices: readonly Choice[];
  words(choice: Choice): string;
  disabled: boolean;
  onChange(choice: Choice): void;
}

export function ChoiceField<Choice extends string>({ label, value, choices, words, disabled, onChange }: Props<Choice>) {
  return (
    <NativeSelect
      size="xs"
      label={label}
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
