/** Which column holds the text of a file's rows, or which are joined to one, and by what template. */
import { NativeSelect, Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { FileChoice, InspectedFile, TextJoin } from '../../contract/ingest';
import styles from './Ingest.module.css';

const NONE = '';
const JOIN = 'join:';
const COLUMN = 'column:';

const same = (a: TextJoin, b: TextJoin) => a.of === b.of && a.fields.join('\n') === b.fields.join('\n');

interface Choosing {
  file: InspectedFile;
  choice: FileChoice;
  onChange: (change: FileChoice) => void;
}

/** The join that holds under a choice: what the person said, else the guess. */
function joinOf({ file, choice }: Omit<Choosing, 'onChange'>): TextJoin | null {
  if (choice.join !== undefined) return choice.join;
  return choice.textField === undefined ? file.join : null;
}

export function TextColumn({ file, choice, onChange }: Choosing) {
  const { t } = useTranslation('corpus');
  const join = joinOf({ file, choice });
  const chosen = join ? file.joins.findIndex((offered) => same(offered, join)) : -1;
  const field = join ? null : (choice.textField ?? file.textField);
  const value = chosen >= 0 ? `${JOIN}${chosen}` : field === null ? NONE : `${COLUMN}${field}`;
  return (
    <NativeSelect
      size="xs"
      label={t('ingest.textField')}
      value={value}
      data={[
        ...(value === NONE ? [{ value: NONE, label: t('ingest.noField') }] : []),
        ...file.joins.map(({ of, fields }, at) => ({
          value: `${JOIN}${at}`,
          label: t(`ingest.joins.${of}`, { fields: fields.join(' + ') }),
        })),
        ...file.columns.map(({ name, text }) => ({ value: `${COLUMN}${name}`, label: name, disabled: !text })),
      ]}
      onChange={(event) => {
        const picked = event.currentTarget.value;
        const offered = picked.startsWith(JOIN) ? file.joins[Number(picked.slice(JOIN.length))] : undefined;
        if (offered) onChange({ join: { of: offered.of, fields: offered.fields }, template: offered.template });
        else onChange({ join: null, textField: picked.slice(COLUMN.length) });
      }}
    />
  );
}

export function TextTemplate({ file, choice, onChange }: Choosing) {
  const { t } = useTranslation('corpus');
  const join = joinOf({ file, choice });
  if (!join) return null;
  const begins = file.joins.find((offered) => same(offered, join))?.template ?? '';
  return (
    <Textarea
      size="xs"
      autosize
      maxRows={8}
      className={styles.template}
      label={t('ingest.template')}
      description={t(`ingest.templateHint.${join.of}`)}
      value={choice.template ?? file.template ?? begins}
      onChange={(event) => onChange({ join, template: event.currentTarget.value })}
    />
  );
}
