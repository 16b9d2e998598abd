/** One file: what was found in it, and what the person may say otherwise. */
import { NativeSelect, Switch } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FileChoice, InspectedFile, Parting, TextEncodingName } from '../../contract/ingest';
import { useErrorText } from '../../i18n/error-text';
import { useFormat } from '../../i18n/format';
import { useTakeIn } from './store';
import styles from './TakeIn.module.css';

const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'gb18030'] as const satisfies TextEncodingName[];
const PARTINGS = ['blank-lines', 'lines', 'whole-file'] as const satisfies Parting[];
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
  const inspected = useTakeIn((state) => state.inspected);
  const choice = useTakeIn((state) => state.choices[file.path]) ?? {};
  const choose = useTakeIn((state) => state.choose);
  const same = alike(file, inspected);
  const [all, setAll] = useState(true);
  const set = (change: FileChoice) => choose(all ? same : [file.path], change);
  const textField = choice.textField ?? file.textField ?? NONE;
  const channelField = choice.channelField === undefined ? NONE : (choice.channelField ?? NONE);
  const names = file.columns.map(({ name }) => name);
  return (
    <div className={styles.options} role="group" aria-label={t('takeIn.options', { file: file.path })}>
      <h3>{file.path}</h3>
      {file.problem && <p className={styles.bad}>{errorText(file.problem).advice}</p>}
      <div className={styles.fields}>
        {(file.encoding || file.problem?.code === 'file-binary') && (
          <NativeSelect
            size="xs"
            label={t('takeIn.encodingLabel')}
            value={choice.encoding ?? file.encoding ?? NONE}
            data={[
              ...(file.encoding ? [] : [{ value: NONE, label: t('takeIn.noEncoding') }]),
              ...ENCODINGS.map((value) => ({ value, label: t(`takeIn.encoding.${value}`) })),
            ]}
            onChange={(event) => {
              const encoding = ENCODINGS.find((known) => known === event.currentTarget.value);
              if (encoding) set({ encoding });
            }}
          />
        )}
        {names.length > 0 && (
          <>
            <NativeSelect
              size="xs"
              label={t('takeIn.textField')}
              value={textField}
              data={[
                ...(textField === NONE ? [{ value: NONE, label: t('takeIn.noField') }] : []),
                ...file.columns.map(({ name, text }) => ({ value: name, label: name, disabled: !text })),
              ]}
              onChange={(event) => set({ textField: event.currentTarget.value })}
            />
            <NativeSelect
              size="xs"
              label={t('takeIn.channelField')}
              value={channelField}
              data={[{ value: NONE, label: t('takeIn.oneChannel') }, ...names.map((value) => ({ value, label: value }))]}
              onChange={(event) => set({ channelField: event.currentTarget.value === NONE ? null : event.currentTarget.value })}
            />
          </>
        )}
        {(file.kind === 'text' || file.kind === 'markdown') && (
          <NativeSelect
            size="xs"
            label={t('takeIn.parting')}
            value={choice.parting ?? file.parting}
            data={PARTINGS.map((value) => ({ value, label: t(`takeIn.partings.${value}`) }))}
            onChange={(event) => {
              const parting = PARTINGS.find((known) => known === event.currentTarget.value);
              if (parting) set({ parting });
            }}
          />
        )}
      </div>
      {file.channelField !== null && channelField === NONE && (
        <p className={styles.dim}>
          {t('takeIn.channelGuess', { field: file.channelField })}{' '}
          <button type="button" className={styles.link} onClick={() => set({ channelField: file.channelField })}>
            {t('takeIn.useField')}
          </button>
        </p>
      )}
      {same.length > 1 && (
        <Switch
          size="xs"
          label={t('takeIn.same', { count: same.length, formatted: format.count(same.length) })}
          checked={all}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
      )}
      {file.inside && (
        <p className={styles.dim}>
          {t('takeIn.inside', {
            count: file.inside.files,
            formatted: format.count(file.inside.files),
            bytes: format.bytes(file.inside.bytes),
          })}
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
          <h4>{t('takeIn.preview')}</h4>
          <ol className={styles.preview}>
            {file.preview.map((text, at) => (
              <li key={at}>{text}</li>
            ))}
          </ol>
        </>
      )}
    </div>
  );
}
