/** Extends or replaces a model's vocabulary: what is added, the rows it takes, the new model, bits per byte before and after. */
import { useTranslation } from 'react-i18next';
import type { VocabularyPlan } from '../contract/tokenizer';
import { useFormat } from '../i18n/format';
import { spelled } from './tokenized-text';
import { Button, NativeSelect, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { CircleCheck, Gauge, SlidersVertical, ListChecks, Sprout } from 'lucide-react';
import { useLocation } from 'wouter';
import { deskPath } from '../lab/desk-recipes';
import { ChannelTag, useCorpusName } from '../channels/channel';
import { useVocabulary, VOCABULARY_CHANGES, vocabularySource } from './vocabulary';
import { useTokenizers } from './store';
import { useEffect } from 'react';
import { useMediaQuery } from '@mantine/hooks';
import { Card } from '../ui/Card';
import { ErrorBanner } from '../ui/Banner';
import { NumberField } from '../ui/fields';
import { ProgressLine } from '../channels/ProgressLine';
import { ChannelWeights } from './ChannelWeights';
import { modelKey } from './refs';
import styles from './Extension.module.css';
import formsStyles from './Forms.module.css';

/** Texts shown; the rest is counted. */
const SHOWN = 60;

function ExtensionPreview({ plan, replacing }: { plan: VocabularyPlan; replacing: boolean }) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const { known, added, before, after } = plan;
  const sizes = { before: format.count(before), after: format.count(after), rows: format.count(after - before) };
  return (
    <div className={styles.preview} role="status" data-testid="extension-plan">
      <p>
        <b>
          {replacing
            ? t('extend.replaces', sizes)
            : added.length === 0
              ? t('extend.nothing')
              : t('extend.adds', { count: added.length, ...sizes })}
        </b>
      </p>
      {added.length > 0 && (
        <ul className={styles.added}>
          {added.slice(0, SHOWN).map(({ text, tokens, count }, at) => (
            <li key={at} title={count === null ? undefined : t('extend.stands', { count, formatted: format.count(count) })}>
              {spelled(text)}
              <span>{t('extend.instead', { count: tokens })}</span>
            </li>
          ))}
          {added.length > SHOWN && <li className={styles.more}>{t('extend.more', { count: added.length - SHOWN })}</li>}
        </ul>
      )}
      {known.length > 0 && (
        <p className={styles.dim}>
          {t('extend.known', { count: known.length })} {known.slice(0, SHOWN).map(spelled).join(', ')}
          {known.length > SHOWN && ' …'}
        </p>
      )}
    </div>
  );
}

/** The model that was made: where it can be used, and its bits per byte beside those of the model it came from. */
function ExtensionOutcome() {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const corpusName = useCorpusName();
  const corpora = useTokenizers((state) => state.corpora);
  const report = useTokenizers((state) => state.report);
  const { made, base, comparison, activity, measure } = useVocabulary();
  const [, navigate] = useLocation();
  if (!made || !base) return null;
  return (
    <section className={styles.outcome} aria-label={t('extend.outcome')} data-testid="extension-outcome">
      <p className={styles.done} role="status">
        <CircleCheck size={15} aria-hidden />
        {t('extend.done', { name: made.name, ids: format.count(made.vocabulary), base: base.name })}
      </p>
      <div className={styles.actions}>
        <Button size="xs" leftSection={<SlidersVertical size={14} />} onClick={() => void deskPath(made).then(navigate, report)}>
          {t('extend.desk')}
        </Button>
        <Button size="xs" variant="default" leftSection={<Gauge size={14} />} disabled={activity !== null} onClick={() => void measure()}>
          {t(comparison ? 'extend.again' : 'extend.measure')}
        </Button>
      </div>
      {comparison && (
        <>
          <p className={styles.dim}>{t('extend.measured')}</p>
          <table className={styles.table} data-testid="extension-bits">
            <thead>
              <tr>
                <th scope="col">{t('fertility.channel')}</th>
                <th scope="col">{t('extend.before')}</th>
                <th scope="col">{t('extend.after')}</th>
                <th scope="col">Δ</th>
              </tr>
            </thead>
            <tbody>
              {corpora.map((corpus) => {
                const bits = comparison.channels.find(({ id }) => id === corpus.id)?.bitsPerByte;
                const [before = null, after = null] = bits?.map(({ value }) => value) ?? [];
                const delta = before === null || after === null ? null : after - before;
                return (
                  <tr key={corpus.id} data-channel={corpus.id}>
                    <th scope="row">
                      <ChannelTag id={corpusName(corpus)} corpus={corpus.id} />
                    </th>
                    <td>{format.decimal(before, 3)}</td>
                    <td>{format.decimal(after, 3)}</td>
                    <td data-tone={delta === null || Math.abs(delta) < 0.0005 ? 'same' : delta < 0 ? 'good' : 'bad'}>
                      {format.delta(delta)}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}

export function ExtendCard() {
  const { t } = useTranslation('tokenizer');
  const models = useTokenizers((state) => state.models);
  const corpora = useTokenizers((state) => state.corpora);
  const choices = useTokenizers((state) => state.choices);
  const { form, activity, progress, error, plan, describe, meetModels, look, extend, cancel, dismiss } = useVocabulary();
  // Four names do not fit side by side on a phone.
  const narrow = useMediaQuery('(max-width: 560px)') ?? false;
  useEffect(meetModels, [models, corpora, meetModels]);
  const busy = activity !== null;
  const source = vocabularySource(form, corpora, choices);
  const fault = typeof source === 'string' ? source : null;
  const nothing = plan !== null && plan.added.length === 0 && form.kind !== 'replace';
  return (
    <Card title={t('extend.title')} data-testid="extend">
      <form
        noValidate
        className={formsStyles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void extend();
        }}
      >
        <p className={formsStyles.dim}>{t('extend.lead')}</p>
        <NativeSelect
          size="xs"
          label={t('extend.model')}
          value={form.model ?? ''}
          disabled={busy}
          onChange={(event) => describe({ model: event.currentTarget.value })}
          data={models.map(({ id, name }) => ({ value: id, label: name }))}
        />
        <div className={formsStyles.field}>
          <span id="extend-kind">{t('extend.by')}</span>
          <SegmentedControl
            size="xs"
            orientation={narrow ? 'vertical' : 'horizontal'}
            fullWidth={narrow}
            aria-labelledby="extend-kind"
            value={form.kind}
            disabled={busy}
            onChange={(kind) => describe({ kind })}
            data={VOCABULARY_CHANGES.map((value) => ({ value, label: t(`extend.kinds.${value}`) }))}
          />
          <span className={formsStyles.dim}>{t(`extend.kindHint.${form.kind}`)}</span>
        </div>
        {form.kind === 'terms' && (
          <Textarea
            label={t('extend.terms')}
            description={t('extend.termsHint')}
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
              legend={t('extend.counted')}
              weights={form.corpora}
              plain
              disabled={busy}
              onChange={(chosen) => describe({ corpora: chosen })}
            />
            <div className={formsStyles.row}>
              <NumberField
                label={t('extend.most')}
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
            <div className={formsStyles.row}>
              <NumberField
                label={t('extend.merges')}
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
        {form.kind === 'replace' && (
          <NativeSelect
            size="xs"
            label={t('extend.tokenizer')}
            value={form.tokenizer ?? ''}
            disabled={busy}
            onChange={(event) => describe({ tokenizer: event.currentTarget.value })}
            data={[
              { value: '', label: t('extend.choose') },
              ...choices
                .filter(({ key }) => form.model === null || key !== modelKey(form.model))
                .map(({ key, name }) => ({ value: key, label: name })),
            ]}
          />
        )}
        {fault !== null && <p className={formsStyles.dim}>{t(`extend.fault.${fault}`)}</p>}
        {plan && <ExtensionPreview plan={plan} replacing={form.kind === 'replace'} />}
        <div className={formsStyles.submit}>
          <TextInput
            size="xs"
            label={t('extend.name')}
            placeholder={t('extend.namePlaceholder')}
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
            {t('extend.look')}
          </Button>
          <Button
            type="submit"
            size="xs"
            leftSection={<Sprout size={14} />}
            disabled={busy || fault !== null || nothing || form.name.trim() === ''}
          >
            {t('extend.run')}
          </Button>
        </div>
        {fault === null && form.name.trim() === '' && !busy && <p className={formsStyles.dim}>{t('extend.fault.name')}</p>}
      </form>
      {busy && (
        <div className={formsStyles.progress}>
          <ProgressLine progress={progress} onCancel={() => void cancel()} />
        </div>
      )}
      {error && (
        <div className={formsStyles.error}>
          <ErrorBanner error={error} onDismiss={dismiss} />
        </div>
      )}
      <ExtensionOutcome />
    </Card>
  );
}
