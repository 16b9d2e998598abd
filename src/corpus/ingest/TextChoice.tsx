/** Which column holds the text of a file's rows, or which are joined to one, and by what template. */
import { NativeSelect, Textarea } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FileChoice, InspectedFile, TextJoin } from '../../contract/ingest';
import { lab } from '../../lab/lab';
import styles from './Ingest.module.css';

const NONE = '';
const JOIN = 'join:';
const COLUMN = 'column:';
/** The template by roles alone, among those of models. */
const PLAIN = 'plain:';

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
  const written = choice.template ?? file.template ?? begins;
  return (
    <>
      {join.of === 'turns' && <ModelTemplates written={written} plain={begins} onChange={(template) => onChange({ join, template })} />}
      <Textarea
        size="xs"
        autosize
        maxRows={8}
        className={styles.template}
        label={t('ingest.template')}
        description={t(`ingest.templateHint.${join.of}`)}
        value={written}
        onChange={(event) => onChange({ join, template: event.currentTarget.value })}
      />
    </>
  );
}

/** Chat templates of the library's models, to choose one from. */
function ModelTemplates({ written, plain, onChange }: { written: string; plain: string; onChange: (template: string) => void }) {
  const { t } = useTranslation('corpus');
  const [known, setKnown] = useState<{ model: string; name: string; template: string }[]>([]);
  useEffect(() => {
    let gone = false;
    lab.library.chatTemplates().then(
      (found) => !gone && setKnown(found),
      // Without the list a template can still be written.
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, []);
  if (known.length === 0) return null;
  const chosen = written === plain ? PLAIN : (known.find(({ template }) => template === written)?.model ?? NONE);
  return (
    <NativeSelect
      size="xs"
      label={t('ingest.templateOf')}
      value={chosen}
      data={[
        { value: PLAIN, label: t('ingest.templatePlain') },
        ...known.map(({ model, name }) => ({ value: model, label: name })),
        ...(chosen === NONE ? [{ value: NONE, label: t('ingest.templateOwn') }] : []),
      ]}
      onChange={(event) => {
        const picked = event.currentTarget.value;
        const template = picked === PLAIN ? plain : known.find(({ model }) => model === picked)?.template;
        if (template !== undefined) onChange(template);
      }}
    />
  );
}
