/** Which column holds the text of a file's rows, or which are joined to one, and by what template. */
import { NativeSelect, Textarea } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FileChoice, InspectedFile, TextJoin } from '../../contract/ingest';
import type { RecordKind } from '../../core/corpus/records';
import { lab } from '../../lab/lab';
import styles from './Ingest.module.css';

const NONE = '';
const JOIN = 'join:';
const COLUMN = 'column:';
const RECORDS = 'records:';
/** The template by roles alone, among those of models. */
const PLAIN = 'plain:';

const same = (a: TextJoin, b: TextJoin) => a.of === b.of && a.fields.join('\n') === b.fields.join('\n');

interface Choosing {
  file: InspectedFile;
  choice: FileChoice;
  onChange: (change: FileChoice) => void;
}

/** As which records the rows are read, or null: the person's word, else the guess. */
export function recordsOf({ file, choice }: Omit<Choosing, 'onChange'>): RecordKind | null {
  if (choice.records !== undefined) return choice.records;
  return choice.textField === undefined && choice.join === undefined ? file.records : null;
}

/** The join that holds under a choice: what the person said, else the guess. */
function joinOf({ file, choice }: Omit<Choosing, 'onChange'>): TextJoin | null {
  if (recordsOf({ file, choice })) return null;
  if (choice.join !== undefined) return choice.join;
  return choice.textField === undefined ? file.join : null;
}

export function TextColumn({ file, choice, onChange }: Choosing) {
  const { t } = useTranslation('corpus');
  const join = joinOf({ file, choice });
  const chosen = join ? file.joins.findIndex((offered) => same(offered, join)) : -1;
  const field = join ? null : (choice.textField ?? file.textField);
  const records = recordsOf({ file, choice });
  const value = records ? `${RECORDS}${records}` : chosen >= 0 ? `${JOIN}${chosen}` : field === null ? NONE : `${COLUMN}${field}`;
  return (
    <NativeSelect
      size="xs"
      label={t('ingest.textField')}
      value={value}
      data={[
        ...(value === NONE ? [{ value: NONE, label: t('ingest.noField') }] : []),
        ...file.recordKinds.map((kind) => ({
          value: `${RECORDS}${kind}`,
          label: t('ingest.asRecords', { kind: t(`recordKind.${kind}`) }),
        })),
        ...file.joins.map(({ of, fields }, at) => ({
          value: `${JOIN}${at}`,
          label: t(`ingest.joins.${of}`, { fields: fields.join(' + ') }),
        })),
        ...file.columns.map(({ name, text }) => ({ value: `${COLUMN}${name}`, label: name, disabled: !text })),
      ]}
      onChange={(event) => {
        const picked = event.currentTarget.value;
        const offered = picked.startsWith(JOIN) ? file.joins[Number(picked.slice(JOIN.length))] : undefined;
        const kind = file.recordKinds.find((known) => picked === `${RECORDS}${known}`);
        if (kind) onChange({ records: kind });
        else if (offered) onChange({ records: null, join: { of: offered.of, fields: offered.fields }, template: offered.template });
        else onChange({ records: null, join: null, textField: picked.slice(COLUMN.length) });
      }}
    />
  );
}

/** Of labelled texts: the columns of text and label. */
export function LabelColumns({ file, choice, onChange }: Choosing) {
  const { t } = useTranslation('corpus');
  if (recordsOf({ file, choice }) !== 'labelled') return null;
  const names = file.columns.map(({ name }) => name);
  const text = choice.textField ?? file.textField ?? NONE;
  const label = choice.labelField ?? file.labelField ?? NONE;
  const change = (columns: FileChoice) => onChange({ records: 'labelled', textField: text, labelField: label, ...columns });
  return (
    <>
      <NativeSelect
        size="xs"
        label={t('ingest.textField')}
        value={text}
        data={file.columns.map((column) => ({ value: column.name, label: column.name, disabled: !column.text }))}
        onChange={(event) => change({ textField: event.currentTarget.value })}
      />
      <NativeSelect
        size="xs"
        label={t('ingest.labelField')}
        value={label}
        data={names}
        onChange={(event) => change({ labelField: event.currentTarget.value })}
      />
    </>
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
