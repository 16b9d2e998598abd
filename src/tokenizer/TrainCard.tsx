/** Trains a tokenizer on channels of one's choice: kind, text, sizes; progress with the time left, and what came of it. */
import { useEffect } from 'react';
import { Button, SegmentedControl, Select, Switch, TextInput } from '@mantine/core';
import { CircleCheck, Play } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { ErrorBanner } from '../ui/Banner';
import { NumberField } from '../ui/fields';
import { ProgressLine } from '../channels/ProgressLine';
import { ChannelWeights } from './ChannelWeights';
import { useTokenizers } from './store';
import type { NormalizationEffect } from '../contract/tokenizer';
import { normalizerOf, TRAIN_KINDS, trainFault, type TrainForm, useTraining } from './training';
import styles from './Forms.module.css';

export function TrainCard() {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const corpora = useTokenizers((state) => state.corpora);
  const { form, state, progress, secondsLeft, error, made, describe, chooseKind, meetCorpora, train, cancel, dismiss } = useTraining();
  useEffect(meetCorpora, [corpora, meetCorpora]);
  const busy = state === 'busy';
  const fault = trainFault(form);
  return (
    <Card title={t('train.title')} data-testid="train">
      <form
        noValidate
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void train();
        }}
      >
        <p className={styles.dim}>{t('train.lead')}</p>
        <div className={styles.field}>
          <span id="train-kind">{t('train.kind')}</span>
          <SegmentedControl
            aria-labelledby="train-kind"
            value={form.kind}
            disabled={busy}
            onChange={chooseKind}
            data={TRAIN_KINDS.map((value) => ({ value, label: t(`train.kinds.${value}`) }))}
          />
          <span className={styles.dim}>{t(`train.kindHint.${form.kind}`)}</span>
        </div>
        <ChannelWeights
          legend={t('train.channels')}
          hint={t('train.weightHint')}
          weights={form.weights}
          disabled={busy}
          onChange={(weights) => describe({ weights })}
        />
        <div className={styles.row}>
          <NumberField
            label={t('train.vocabulary')}
            value={form.vocabularySize}
            min={form.kind === 'byte-bpe' ? 257 : 64}
            max={262144}
            step={256}
            integer
            disabled={busy}
            onChange={(vocabularySize) => describe({ vocabularySize })}
          />
          {form.kind !== 'unigram' && (
            <NumberField
              label={t('train.minFrequency')}
              value={form.minFrequency}
              min={0}
              max={100000}
              integer
              disabled={busy}
              onChange={(minFrequency) => describe({ minFrequency })}
            />
          )}
          {form.kind === 'wordpiece' && (
            <NumberField
              label={t('train.alphabetLimit')}
              help={t('train.alphabetLimitHint')}
              value={form.alphabetLimit}
              min={0}
              max={100000}
              integer
              disabled={busy}
              onChange={(alphabetLimit) => describe({ alphabetLimit })}
            />
          )}
        </div>
        <TextInput
          size="xs"
          label={t('train.special')}
          description={t('train.specialHint')}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          value={form.specialTokens}
          disabled={busy}
          error={fault === 'special' || fault === 'unknown' ? t(`train.fault.${fault}`) : undefined}
          onChange={(event) => describe({ specialTokens: event.currentTarget.value })}
        />
        <KindFields form={form} busy={busy} />
        <NormalizationField form={form} busy={busy} />
        <div className={styles.submit}>
          <TextInput
            size="xs"
            label={t('name')}
            placeholder={t('train.namePlaceholder')}
            value={form.name}
            maxLength={60}
            disabled={busy}
            onChange={(event) => describe({ name: event.currentTarget.value })}
          />
          <Button type="submit" size="xs" leftSection={<Play size={14} />} disabled={busy || fault !== null}>
            {t('train.run')}
          </Button>
        </div>
        {!busy && (fault === 'channels' || fault === 'name') && <p className={styles.dim}>{t(`train.fault.${fault}`)}</p>}
      </form>
      {busy && (
        <div className={styles.progress}>
          <ProgressLine progress={progress && { ...progress, item: '' }} secondsLeft={secondsLeft} onCancel={() => void cancel()} />
        </div>
      )}
      {error && (
        <div className={styles.error}>
          <ErrorBanner error={error} onDismiss={dismiss} />
        </div>
      )}
      {made?.training && (
        <p className={styles.done} role="status">
          <CircleCheck size={15} aria-hidden />
          {t('train.done', {
            name: made.name,
            size: format.count(made.size),
            words: format.count(made.training.report.words),
            time: format.duration(made.training.report.milliseconds / 1000),
          })}
        </p>
      )}
    </Card>
  );
}

/** The normalization, and how many characters of the chosen channels it changes: told before anything is trained. */
function NormalizationField({ form, busy }: { form: TrainForm; busy: boolean }) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const { describe, effects, lookAtText } = useTraining();
  const chosen = Object.keys(form.weights)
    .filter((corpus) => form.weights[corpus]! > 0)
    .join(' ');
  useEffect(() => {
    if (chosen !== '') lookAtText().catch(() => undefined);
  }, [chosen, lookAtText]);
  const known = effects.filter(({ corpus }) => (form.weights[corpus] ?? 0) > 0);
  const sum = (value: (effect: NormalizationEffect) => number): number => known.reduce((total, effect) => total + value(effect), 0);
  const value = normalizerOf(form, effects);
  const told = value === 'none' ? 'nfkc' : value;
  return (
    <div className={styles.field}>
      <Select
        size="xs"
        label={t('train.normalizer')}
        data={(['none', 'nfc', 'nfkc'] as const).map((one) => ({ value: one, label: t(`train.normalizers.${one}`) }))}
        value={value}
        allowDeselect={false}
        withScrollArea={false}
        disabled={busy}
        onChange={(normalizer) => normalizer && describe({ normalizer })}
      />
      {known.length > 0 && (
        <span className={styles.dim} role="status" data-testid="normalization">
          {t(value === 'none' ? 'train.wouldChange' : 'train.changes', {
            form: told.toUpperCase(),
            changed: format.count(sum(({ changed }) => changed[told])),
            characters: format.count(sum(({ characters }) => characters)),
          })}
          {known.some(({ whole }) => !whole) && ` ${t('train.firstPart')}`}
        </span>
      )}
    </div>
  );
}

function KindFields({ form, busy }: { form: TrainForm; busy: boolean }) {
  const { t } = useTranslation('tokenizer');
  const describe = useTraining((state) => state.describe);
  if (form.kind === 'unigram') return null;
  if (form.kind === 'wordpiece')
    return (
      <Switch
        size="xs"
        label={t('train.lowercase')}
        checked={form.lowercase}
        disabled={busy}
        onChange={(event) => describe({ lowercase: event.currentTarget.checked })}
      />
    );
  return (
    <div className={styles.row}>
      <Select
        size="xs"
        label={t('train.preTokens')}
        data={(['gpt2', 'llama3', 'qwen2'] as const).map((value) => ({ value, label: t(`train.preToken.${value}`) }))}
        value={form.preTokens}
        allowDeselect={false}
        withScrollArea={false}
        disabled={busy}
        onChange={(preTokens) => preTokens && describe({ preTokens: preTokens })}
      />
      <Select
        size="xs"
        label={t('train.alphabet')}
        data={(['bytes', 'seen'] as const).map((value) => ({ value, label: t(`train.alphabets.${value}`) }))}
        value={form.alphabet}
        allowDeselect={false}
        withScrollArea={false}
        disabled={busy}
        onChange={(alphabet) => alphabet && describe({ alphabet: alphabet })}
      />
    </div>
  );
}
