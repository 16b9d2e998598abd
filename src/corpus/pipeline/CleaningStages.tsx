/** The stages that judge a row by itself or against others like it. */
import { useTranslation } from 'react-i18next';
import { qualityRules } from '../../core/corpus/settings';
import { NumberField } from '../../ui/NumberField';
import { ChoiceField } from './ChoiceField';
import { LineListField } from './LineListField';
import { SliderField } from './SliderField';
import { Stage } from './Stage';
import { termLines } from './faults';
import { usePipelineSettings } from './settings-store';

const SCOPES = ['across', 'within'] as const;

export function CleaningStages({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation('corpus');
  const { settings, set } = usePipelineSettings();
  const { normalise, exact, near, quality, language, terms } = settings;
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
      <Stage name="exact" enabled={exact.enabled} disabled={disabled} onToggle={(enabled) => set('exact', { enabled })}>
        {scope(exact.scope, (chosen) => set('exact', { scope: chosen }))}
      </Stage>
      <Stage name="near" enabled={near.enabled} disabled={disabled} onToggle={(enabled) => set('near', { enabled })}>
        <SliderField
          label={t('pipeline.similarity')}
          value={near.threshold}
          min={0.5}
          disabled={disabled}
          onChange={(threshold) => set('near', { threshold })}
        />
        {scope(near.scope, (chosen) => set('near', { scope: chosen }))}
        <ChoiceField
          label={t('pipeline.keep')}
          value={near.keep}
          choices={['best', 'first'] as const}
          words={(choice) => t(`pipeline.keeps.${choice}`)}
          disabled={disabled}
          onChange={(keep) => set('near', { keep })}
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
