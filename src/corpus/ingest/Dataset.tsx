/** A data set of the Hugging Face Hub or a mirror as a source. Nothing leaves the browser before the person has agreed to the host. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { CloudDownload, Globe } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { ErrorBanner } from '../../ui/Banner';
import { NumberField } from '../../ui/fields';
import { HubDialog } from '../../ui/HubDialog';
import { useDataset } from './dataset-store';
import styles from './Dataset.module.css';

const MEGABYTE = 1e6;

export function DatasetQuestion() {
  const { t } = useTranslation('corpus');
  const { stage, place, connect, cancel } = useDataset();
  const host = place?.host ?? '';
  return (
    <HubDialog
      opened={stage !== 'form'}
      onClose={() => void cancel()}
      title={t('dataset.ask.title', { host })}
      place={(['host', 'repository', 'revision'] as const).map((field) => [t(`dataset.${field}`), place?.[field]])}
      confirm={
        <Button leftSection={<Globe size={15} />} loading={stage === 'listing'} onClick={() => void connect()}>
          {t('dataset.ask.run', { host })}
        </Button>
      }
    >
      <p>{t('dataset.ask.what', { host })}</p>
      <p className={styles.dim}>{t('dataset.ask.sent', { host })}</p>
    </HubDialog>
  );
}

export function DatasetForm() {
  const { t } = useTranslation('corpus');
  const { wrong, stage, error, repository, revision, address, write, ask, dismiss } = useDataset();
  const field = (name: 'repository' | 'revision' | 'address', value: string) => (
    <TextInput
      size="xs"
      label={t(`dataset.${name}`)}
      placeholder={name === 'repository' ? 'HuggingFaceFW/fineweb-edu' : ''}
      value={value}
      error={wrong === name && t(`dataset.wrong.${name}`)}
      disabled={stage !== 'form'}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => write({ [name]: event.currentTarget.value })}
    />
  );
  return (
    <section className={styles.dataset} aria-label={t('dataset.title')}>
      <h3>{t('dataset.title')}</h3>
      <p className={styles.dim}>{t('dataset.lead')}</p>
      {error && <ErrorBanner error={error} onDismiss={dismiss} />}
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        {field('repository', repository)}
        {field('revision', revision)}
        {field('address', address)}
        <Button size="xs" type="submit" leftSection={<CloudDownload size={15} />} disabled={stage !== 'form' || repository.trim() === ''}>
          {t('dataset.look')}
        </Button>
      </form>
    </section>
  );
}

/** Which part of the data set is taken, and how much of it. */
export function DatasetChoice() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { place, found, layout, config, split, budget, pick, setBudget } = useDataset();
  if (!place || !found || !layout || !config || !split) return null;
  const bytes = split.files.reduce((sum, file) => sum + file.bytes, 0);
  return (
    <fieldset className={styles.choice}>
      <legend>{`${place.repository}@${place.revision}`}</legend>
      <div className={styles.fields}>
        {found.layouts.length > 1 && (
          <NativeSelect
            size="xs"
            label={t('dataset.layout')}
            value={layout.of}
            data={found.layouts.map(({ of }) => ({ value: of, label: t(`dataset.layouts.${of}`) }))}
            onChange={(event) => void pick({ layout: event.currentTarget.value })}
          />
        )}
        <NativeSelect
          size="xs"
          label={t('dataset.config')}
          value={config.name}
          data={layout.configs.map(({ name }) => name)}
          onChange={(event) => void pick({ config: event.currentTarget.value })}
        />
        <NativeSelect
          size="xs"
          label={t('dataset.split')}
          value={split.name}
          data={config.splits.map(({ name }) => name)}
          onChange={(event) => void pick({ split: event.currentTarget.value })}
        />
        <NumberField
          label={t('dataset.budget')}
          value={budget / MEGABYTE}
          min={0.01}
          max={100_000}
          step={0.01}
          onChange={(megabytes) => setBudget(Math.round(megabytes * MEGABYTE))}
        />
      </div>
      <p className={styles.dim}>
        {t('dataset.has', { count: split.files.length, formatted: format.count(split.files.length), bytes: format.bytes(bytes) })}{' '}
        {t(found.licence === null ? 'dataset.noLicence' : 'dataset.licence', { licence: found.licence ?? '' })}{' '}
        {found.gated && t('dataset.gated', { host: place.host })}
      </p>
    </fieldset>
  );
}
