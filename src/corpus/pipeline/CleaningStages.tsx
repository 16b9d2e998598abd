/** The stages that filter rows (deduplication, quality, language, terms) and those that change text (masking, augmentation). */
import { useTranslation } from 'react-i18next';
import { qualityRules, piiKinds } from '../../core/corpus/settings';
import { ChoiceField, NumberField } from '../../ui/fields';
import { LineListField, SliderField, Stage } from './fields';
import { termLines, synonymLines, usePipelineSettings } from './settings-store';
import { Switch } from '@mantine/core';

const SCOPES = ['across', 'within'] as const;

export function CleaningStages({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { settings, set } = usePipelineSettings();
  const { normalise, exactDedup, minhashDedup, quality, language, terms } = settings;
  const scope = (value: (typeof SCOPES)[number], onChange: (chosen: (typeof SCOPES)[number]) => void) => (
    <ChoiceField
      label={t('pipeline.scope')}
      value={value}
      choices={SCOPES}
      words={(choice) => t(`pipeline.scopes.${choice}`)}
      disabled={disabled}
      onChange={onChange}
    />
  );
  return (
    <>
      <Stage name="normalise" enabled={normalise.enabled} disabled={disabled} onToggle={(enabled) => set('normalise', { enabled })} />
      <Stage name="exactDedup" enabled={exactDedup.enabled} disabled={disabled} onToggle={(enabled) => set('exactDedup', { enabled })}>
        {scope(exactDedup.scope, (chosen) => set('exactDedup', { scope: chosen }))}
      </Stage>
      <Stage
        name="minhashDedup"
        enabled={minhashDedup.enabled}
        disabled={disabled}
        onToggle={(enabled) => set('minhashDedup', { enabled })}
      >
        <SliderField
          label={t('pipeline.similarity')}
          value={minhashDedup.threshold}
          min={0.5}
          disabled={disabled}
          onChange={(threshold) => set('minhashDedup', { threshold })}
        />
        {scope(minhashDedup.scope, (chosen) => set('minhashDedup', { scope: chosen }))}
        <ChoiceField
          label={t('pipeline.keep')}
          value={minhashDedup.keep}
          choices={['best', 'first'] as const}
          words={(choice) => t(`pipeline.keeps.${choice}`)}
          disabled={disabled}
          onChange={(keep) => set('minhashDedup', { keep })}
        />
      </Stage>
      <Stage
        name="quality"
        enabled={quality.enabled}
        disabled={disabled}
        onToggle={(enabled) => set('quality', { enabled })}
        more={{
          title: t('pipeline.ruleSettings'),
          fields: (
            <>
              {(['least', 'most'] as const).map((end) => (
                <NumberField
                  key={end}
                  label={t(`pipeline.words.${end}`)}
                  value={quality.words[end]}
                  min={end === 'least' ? 0 : 1}
                  max={1_000_000}
                  integer
                  disabled={disabled}
                  onChange={(value) => set('quality', { words: { ...quality.words, [end]: value } })}
                />
              ))}
              {qualityRules.map((rule) => (
                <SliderField
                  key={rule}
                  label={t('pipeline.weight', { rule: t(`rule.${rule}`) })}
                  value={quality.weights[rule]}
                  disabled={disabled}
                  onChange={(value) => set('quality', { weights: { ...quality.weights, [rule]: value } })}
                />
              ))}
            </>
          ),
        }}
      >
        {(['domain', 'general'] as const).map((role) => (
          <SliderField
            key={role}
            label={t(`pipeline.threshold.${role}`)}
            value={quality.thresholds[role]}
            disabled={disabled}
            onChange={(value) => set('quality', { thresholds: { ...quality.thresholds, [role]: value } })}
          />
        ))}
      </Stage>
      <Stage name="language" enabled={language.enabled} disabled={disabled} onToggle={(enabled) => set('language', { enabled })} />
      <Stage
        name="terms"
        enabled={terms.enabled}
        disabled={disabled}
        onToggle={(enabled) => set('terms', { enabled })}
        more={{
          title: t('pipeline.termLists'),
          fields: ['en', 'zh'].map((code) => (
            <LineListField
              key={code}
              label={t(`pipeline.terms.${code as 'en' | 'zh'}`)}
              help={t('pipeline.termsHint')}
              value={(terms.lists[code] ?? []).join('\n')}
              disabled={disabled}
              onChange={(text) => set('terms', { lists: { ...terms.lists, [code]: termLines(text) } })}
            />
          )),
        }}
      >
        <SliderField
          label={t('pipeline.wanted')}
          value={terms.wanted}
          max={0.2}
          step={0.005}
          disabled={disabled}
          onChange={(wanted) => set('terms', { wanted })}
        />
        <SliderField
          label={t('pipeline.least')}
          help={t('pipeline.leastHint')}
          value={terms.least}
          max={0.2}
          step={0.005}
          disabled={disabled}
          onChange={(least) => set('terms', { least })}
        />
      </Stage>
    </>
  );
}

/** The stages that change text: personal data masked, copies for a small domain. */
const OPERATIONS = ['deletion', 'swap', 'insertion', 'synonym', 'noise'] as const;

export function ChangingStages({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { settings, set } = usePipelineSettings();
  const { pii, augment } = settings;
  return (
    <>
      <Stage name="pii" disabled={disabled}>
        {piiKinds.map((kind) => (
          <Switch
            key={kind}
            size="xs"
            label={t('pipeline.mask', { kind: t(`pii.${kind}`) })}
            checked={pii.mask[kind]}
            disabled={disabled}
            onChange={(event) => set('pii', { mask: { ...pii.mask, [kind]: event.currentTarget.checked } })}
          />
        ))}
      </Stage>
      <Stage
        name="augment"
        enabled={augment.enabled}
        disabled={disabled}
        onToggle={(enabled) => set('augment', { enabled })}
        more={{
          title: t('pipeline.synonymList'),
          fields: (
            <LineListField
              label={t('pipeline.synonyms')}
              help={t('pipeline.synonymsHint')}
              value={augment.synonyms.map((group) => group.join(', ')).join('\n')}
              disabled={disabled}
              onChange={(text) => set('augment', { synonyms: synonymLines(text) })}
            />
          ),
        }}
      >
        <ChoiceField
          label={t('pipeline.of')}
          value={augment.of}
          choices={['domain', 'all'] as const}
          words={(choice) => t(`pipeline.ofs.${choice}`)}
          disabled={disabled}
          onChange={(of) => set('augment', { of })}
        />
        <NumberField
          label={t('pipeline.copies')}
          value={augment.copies}
          min={1}
          max={16}
          integer
          disabled={disabled}
          onChange={(copies) => set('augment', { copies })}
        />
        {OPERATIONS.map((operation) => (
          <SliderField
            key={operation}
            label={t(`augmentation.${operation}`)}
            value={augment[operation]}
            max={0.5}
            disabled={disabled}
            onChange={(share) => set('augment', { [operation]: share })}
          />
        ))}
      </Stage>
    </>
  );
}
