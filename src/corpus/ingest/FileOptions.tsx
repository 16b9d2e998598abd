/** One file: what was found in it, and what the person may say otherwise. */
import { NativeSelect, Switch } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FileChoice, InspectedFile, DocumentSeparator, TextEncodingName } from '../../contract/ingest';
import { useErrorText } from '../../i18n/error-text';
import { useFormat } from '../../i18n/format';
import { useIngest } from './store';
import { LabelColumns, recordsOf, TextColumn, TextTemplate } from './TextChoice';
import styles from './Ingest.module.css';

const ENCODINGS = [
  ...(['utf-8', 'utf-16le', 'utf-16be', 'gb18030', 'big5'] as const),
  ...(['shift_jis', 'euc-jp', 'euc-kr', 'windows-1252', 'windows-1251'] as const),
] satisfies TextEncodingName[];
const SEPARATORS = ['blank-lines', 'lines', 'whole-file'] as const satisfies DocumentSeparator[];
const NONE = '';

/** Files that one choice can hold for: of the same kind, with the same columns. */
function alike(file: InspectedFile, all: readonly InspectedFile[]): string[] {
  const columns = (of: InspectedFile) => of.columns.map(({ name }) => name).join('\n');
  return all.filter((other) => other.kind === file.kind && columns(other) === columns(file)).map(({ path }) => path);
}

export function FileOptions({ file }: { file: InspectedFile }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const errorText = useErrorText();
  const inspected = useIngest((state) => state.inspected);
  const choice = useIngest((state) => state.choices[file.path]) ?? {};
  const choose = useIngest((state) => state.choose);
  const same = alike(file, inspected);
  const [all, setAll] = useState(true);
  const set = (change: FileChoice) => choose(all ? same : [file.path], change);
  const textField = choice.join || recordsOf({ file, choice }) ? null : (choice.textField ?? file.textField);
  const channelField = choice.channelField === undefined ? NONE : (choice.channelField ?? NONE);
  const names = file.columns.map(({ name }) => name);
  return (
    <div className={styles.options} role="group" aria-label={t('ingest.options', { file: file.path })}>
      <h3>{file.path}</h3>
      {file.problem && <p className={styles.bad}>{errorText(file.problem).advice}</p>}
      <div className={styles.fields}>
        {(file.encoding || file.problem?.code === 'file-binary') && (
          <NativeSelect
            size="xs"
            label={t('ingest.encodingLabel')}
            value={choice.encoding ?? file.encoding ?? NONE}
            data={[
              ...(file.encoding ? [] : [{ value: NONE, label: t('ingest.noEncoding') }]),
              ...ENCODINGS.map((value) => ({ value, label: t(`ingest.encoding.${value}`) })),
            ]}
            onChange={(event) => {
              const encoding = ENCODINGS.find((known) => known === event.currentTarget.value);
              if (encoding) set({ encoding });
            }}
          />
        )}
        {names.length > 0 && (
          <>
            <TextColumn file={file} choice={choice} onChange={set} />
            <LabelColumns file={file} choice={choice} onChange={set} />
            <NativeSelect
              size="xs"
              label={t('ingest.channelField')}
              value={channelField}
              data={[{ value: NONE, label: t('ingest.oneChannel') }, ...names.map((value) => ({ value, label: value }))]}
              onChange={(event) => set({ channelField: event.currentTarget.value === NONE ? null : event.currentTarget.value })}
            />
          </>
        )}
        {(file.kind === 'text' || file.kind === 'markdown' || file.kind === 'tar') && (
          <NativeSelect
            size="xs"
            label={t('ingest.documentSeparator')}
            value={choice.documentSeparator ?? file.documentSeparator}
            data={SEPARATORS.map((value) => ({ value, label: t(`ingest.documentSeparators.${value}`) }))}
            onChange={(event) => {
              const documentSeparator = SEPARATORS.find((known) => known === event.currentTarget.value);
              if (documentSeparator) set({ documentSeparator });
            }}
          />
        )}
      </div>
      <TextTemplate file={file} choice={choice} onChange={set} />
      {file.channelField !== null && channelField === NONE && (
        <p className={styles.dim}>
          {t('ingest.channelGuess', { field: file.channelField })}{' '}
          <button type="button" className={styles.link} onClick={() => set({ channelField: file.channelField })}>
            {t('ingest.useField')}
          </button>
        </p>
      )}
      {same.length > 1 && (
        <Switch
          size="xs"
          label={t('ingest.same', { count: same.length, formatted: format.count(same.length) })}
          checked={all}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
      )}
      {file.inside && (
        <p className={styles.dim}>
          {t('ingest.inside', {
            count: file.inside.files,
            formatted: format.count(file.inside.files),
            bytes: format.bytes(file.inside.bytes),
          })}{' '}
          {!file.inside.all && t('ingest.insideFirst', { formatted: format.count(file.inside.files) })}
        </p>
      )}
      {names.length > 0 && (
        <dl className={styles.columns}>
          {file.columns.map(({ name, values }) => (
            <div key={name} data-chosen={name === textField}>
              <dt>{name}</dt>
              <dd>{values.join(' · ')}</dd>
            </div>
          ))}
        </dl>
      )}
      {file.preview.length > 0 && (
        <>
          <h4>{t('ingest.preview')}</h4>
          <ol className={styles.preview} tabIndex={0} aria-label={t('ingest.preview')}>
            {file.preview.map((text, at) => (
              <li key={at}>{text}</li>
            ))}
          </ol>
        </>
      )}
    </div>
  );
}
