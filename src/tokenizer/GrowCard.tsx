/** Grows a model's vocabulary: what is to be added, what that costs in rows, the new model, and bits per byte before and after. */
import { useEffect } from 'react';
import { Button, NativeSelect, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { ListChecks, Sprout } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Card } from '../ui/Card';
import { ErrorBanner } from '../ui/ErrorBanner';
import { NumberField } from '../ui/NumberField';
import { ProgressLine } from '../ui/ProgressLine';
import { ChannelWeights } from './ChannelWeights';
import { GROW_KINDS, growthSource } from './grow-options';
import { useGrowth } from './grow-store';
import { GrowthOutcome } from './GrowthOutcome';
import { GrowthPreview } from './GrowthPreview';
import { modelKey } from './refs';
import { useTokenizers } from './store';
import styles from './Forms.module.css';

export function GrowCard() {
  const { t } = useTranslation('tokenizer');
  const models = useTokenizers((state) => state.models);
  const corpora = useTokenizers((state) => state.corpora);
  const choices = useTokenizers((state) => state.choices);
  const { form, activity, progress, error, plan, describe, meetModels, look, grow, cancel, dismiss } = useGrowth();
  // Four names do not fit side by side on a phone.
  const narrow = useMediaQuery('(max-width: 560px)') ?? false;
  useEffect(meetModels, [models, corpora, meetModels]);
  const busy = activity !== null;
  const source = growthSource(form, corpora, choices);
  const fault = typeof source === 'string' ? source : null;
  const nothing = plan !== null && plan.added.length === 0 && form.kind !== 'adopt';
  return (
    <Card title={t('grow.title')} data-testid="grow">
      <form
        noValidate
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void grow();
        }}
      >
        <p className={styles.dim}>{t('grow.lead')}</p>
        <NativeSelect
          size="xs"
          label={t('grow.model')}
          value={form.model ?? ''}
          disabled={busy}
          onChange={(event) => describe({ model: event.currentTarget.value })}
          data={models.map(({ id, name }) => ({ value: id, label: name }))}
        />
        <div className={styles.field}>
          <span id="grow-kind">{t('grow.by')}</span>
          <SegmentedControl
            size="xs"
            orientation={narrow ? 'vertical' : 'horizontal'}
            fullWidth={narrow}
            aria-labelledby="grow-kind"
            value={form.kind}
            disabled={busy}
            onChange={(kind) => describe({ kind })}
            data={GROW_KINDS.map((value) => ({ value, label: t(`grow.kinds.${value}`) }))}
          />
          <span className={styles.dim}>{t(`grow.kindHint.${form.kind}`)}</span>
        </div>
        {form.kind === 'terms' && (
          <Textarea
            label={t('grow.terms')}
            description={t('grow.termsHint')}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            autosize
            minRows={4}
            maxRows={10}
            value={form.terms}
            disabled={busy}
            onChange={(event) => describe({ terms: event.currentTarget.value })}
          />
        )}
        {form.kind === 'characters' && (
          <>
            <ChannelWeights
              legend={t('grow.counted')}
              weights={form.corpora}
              plain
              disabled={busy}
              onChange={(chosen) => describe({ corpora: chosen })}
            />
            <div className={styles.row}>
              <NumberField
                label={t('grow.most')}
                value={form.most}
                min={1}
                max={20000}
                integer
                disabled={busy}
                onChange={(most) => describe({ most })}
              />
            </div>
          </>
        )}
        {form.kind === 'merges' && (
          <>
            <ChannelWeights
              legend={t('train.channels')}
              hint={t('train.weightHint')}
              weights={form.weights}
              disabled={busy}
              onChange={(weights) => describe({ weights })}
            />
            <div className={styles.row}>
              <NumberField
                label={t('grow.merges')}
                value={form.merges}
                min={1}
                max={100000}
                integer
                disabled={busy}
                onChange={(merges) => describe({ merges })}
              />
            </div>
          </>
        )}
        {form.kind === 'adopt' && (
          <NativeSelect
            size="xs"
            label={t('grow.tokenizer')}
            value={form.adopt ?? ''}
            disabled={busy}
            onChange={(event) => describe({ adopt: event.currentTarget.value })}
            data={[
              { value: '', label: t('grow.choose') },
              ...choices
                .filter(({ key }) => form.model === null || key !== modelKey(form.model))
                .map(({ key, name }) => ({ value: key, label: name })),
            ]}
          />
        )}
        {fault !== null && <p className={styles.dim}>{t(`grow.fault.${fault}`)}</p>}
        {plan && <GrowthPreview plan={plan} adopting={form.kind === 'adopt'} />}
        <div className={styles.submit}>
          <TextInput
            size="xs"
            label={t('grow.name')}
            placeholder={t('grow.namePlaceholder')}
            value={form.name}
            maxLength={60}
            disabled={busy}
            onChange={(event) => describe({ name: event.currentTarget.value })}
          />
          <Button
            size="xs"
            variant="default"
            leftSection={<ListChecks size={14} />}
            disabled={busy || fault !== null}
            onClick={() => void look()}
          >
            {t('grow.look')}
          </Button>
          <Button
            type="submit"
            size="xs"
            leftSection={<Sprout size={14} />}
            disabled={busy || fault !== null || nothing || form.name.trim() === ''}
          >
            {t('grow.run')}
          </Button>
        </div>
        {fault === null && form.name.trim() === '' && !busy && <p className={styles.dim}>{t('grow.fault.name')}</p>}
      </form>
      {busy && (
        <div className={styles.progress}>
          <ProgressLine progress={progress} onCancel={() => void cancel()} />
        </div>
      )}
      {error && (
        <div className={styles.error}>
          <ErrorBanner error={error} onDismiss={dismiss} />
        </div>
      )}
      <GrowthOutcome />
    </Card>
  );
}
