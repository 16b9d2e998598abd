/** The chosen files one by one, and the channel that their rows go to. */
import { NativeSelect, SegmentedControl, TextInput, Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ANY, languageOf, useLanguageChoices } from '../channels/choices';
import { useWorkshop } from '../channels/store';
import { NEW_CHANNEL, useIngest, ingestFault } from './store';
import { ArrowDownToLine, FileWarning } from 'lucide-react';
import type { InspectedFile } from '../../contract/ingest';
import { useErrorText } from '../../i18n/error-text';
import { useFormat } from '../../i18n/format';
import { FileOptions } from './FileOptions';
import { lazy, Suspense } from 'react';
import styles from './Ingest.module.css';

function Target() {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const channels = useWorkshop((state) => state.channels);
  const { channel, newChannel, use, choices, describe, describeChannel } = useIngest();
  const languages = useLanguageChoices();
  const byField = Object.values(choices).some(({ channelField }) => channelField);
  return (
    <fieldset className={styles.target}>
      <legend>{t('ingest.target')}</legend>
      <div className={styles.fields}>
        <NativeSelect
          size="xs"
          label={t('ingest.channel')}
          value={channel}
          data={[...channels.map(({ id, name }) => ({ value: id, label: name })), { value: NEW_CHANNEL, label: t('ingest.newChannel') }]}
          onChange={(event) => describe({ channel: event.currentTarget.value })}
        />
        {channel === NEW_CHANNEL && (
          <>
            <TextInput
              size="xs"
              label={t('channel.name')}
              value={newChannel.name}
              maxLength={60}
              onChange={(event) => describeChannel({ name: event.currentTarget.value })}
            />
            <NativeSelect
              size="xs"
              label={t('channel.language')}
              value={newChannel.language ?? ANY}
              data={languages}
              onChange={(event) => describeChannel({ language: languageOf(event.currentTarget.value) })}
            />
            <div className={styles.field}>
              <span id="new-channel-role">{t('channel.role')}</span>
              <SegmentedControl
                size="xs"
                aria-labelledby="new-channel-role"
                value={newChannel.role}
                onChange={(role) => describeChannel({ role })}
                data={(['domain', 'general'] as const).map((value) => ({ value, label: common(`role.${value}`) }))}
              />
            </div>
          </>
        )}
        <NativeSelect
          size="xs"
          label={t('ingest.use')}
          value={use}
          data={(['split', 'held-out'] as const).map((value) => ({ value, label: t(`ingest.uses.${value}`) }))}
          onChange={(event) => describe({ use: event.currentTarget.value === 'held-out' ? 'held-out' : 'split' })}
        />
      </div>
      {byField && <p className={styles.dim}>{t('ingest.byField')}</p>}
    </fieldset>
  );
}

/** Rows of the list; a folder of thousands is summed up below it. */
const LISTED = 60;

const DatasetChoice = lazy(() => import('./Dataset').then((parts) => ({ default: parts.DatasetChoice })));

/** What the chosen files hold, file by file, and where their rows are to go. */
export function ChosenFiles() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const take = useIngest();
  const { inspected, more, shown, show, start, reset } = take;
  const fault = ingestFault(take);
  const bytes = inspected.reduce((sum, file) => sum + file.bytes, 0);
  const left = inspected.filter(({ problem }) => problem !== null).length;
  // A file with a problem must not hide behind those without one.
  const listed = [...inspected].sort((a, b) => Number(b.problem !== null) - Number(a.problem !== null)).slice(0, LISTED);
  const current = inspected.find(({ path }) => path === shown);
  return (
    <form
      className={styles.body}
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <div className={styles.summary}>
        <strong>
          {t('ingest.files', { count: inspected.length, formatted: format.count(inspected.length), bytes: format.bytes(bytes) })}
        </strong>
        {left > 0 && <span className={styles.bad}>{t('ingest.leftOut', { count: left, formatted: format.count(left) })}</span>}
        {more && <span className={styles.bad}>{t('ingest.tooMany')}</span>}
        <button type="button" className={styles.link} onClick={reset}>
          {t('ingest.others')}
        </button>
      </div>
      {take.dataset && (
        <Suspense fallback={null}>
          <DatasetChoice />
        </Suspense>
      )}
      <div className={styles.chosen}>
        <div className={styles.scroll}>
          <ul className={styles.files} aria-label={t('ingest.list')}>
            {listed.map((file) => (
              <FileLine key={file.path} file={file} shown={file.path === shown} onShow={() => show(file.path)} />
            ))}
          </ul>
          {inspected.length > LISTED && (
            <p className={styles.dim}>
              {t('ingest.notListed', { count: inspected.length - LISTED, formatted: format.count(inspected.length - LISTED) })}
            </p>
          )}
        </div>
        {current && <FileOptions key={current.path} file={current} />}
      </div>
      <Target />
      <div className={styles.buttons}>
        <Button type="submit" leftSection={<ArrowDownToLine size={15} />} disabled={fault !== null}>
          {t('ingest.start')}
        </Button>
        {fault && <span className={styles.dim}>{t(`ingest.fault.${fault}`)}</span>}
      </div>
    </form>
  );
}

function FileLine({ file, shown, onShow }: { file: InspectedFile; shown: boolean; onShow: () => void }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const errorText = useErrorText();
  return (
    <li>
      <button type="button" aria-pressed={shown} onClick={onShow} data-problem={file.problem !== null}>
        <span className={styles.path}>{file.path}</span>
        <span className={styles.facts}>
          {file.kind ? t(`ingest.kind.${file.kind}`) : t('ingest.kindNone')}
          {file.packing && ` (${file.packing})`} · {format.bytes(file.bytes)}
          {file.encoding && ` · ${t(`ingest.encoding.${file.encoding}`)}`}
        </span>
        {file.problem && (
          <span className={styles.bad}>
            <FileWarning size={13} aria-hidden /> {errorText(file.problem).what}
          </span>
        )}
      </button>
    </li>
  );
}
