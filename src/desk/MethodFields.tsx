/** The recipe's method: all weights, or a low-rank adapter with its rank, scale and targets, and how many weights it trains. */
import { useState } from 'react';
import { TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { methodFault, trainedCount } from '../core/model/adapter';
import type { ModelConfig } from '../core/model/config';
import { trainingMemory } from '../core/model/memory';
import { memoryDemand } from '../core/recipe/edits';
import { PRESETS, presetMethod, presetOf, withMethod } from '../core/recipe/method';
import type { Method, Recipe } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { ChoiceField, NumberField, SwitchField } from '../ui/fields';
import { useRecipe } from './recipe-store';
import styles from './RecipeDrawer.module.css';

const KINDS = ['full', 'lora'] as const;
const SAVED = ['embeddings', 'head'] as const;

/** @param config of the base; null while it is not known */
export function MethodFields({ recipe, config }: { recipe: Recipe; config: ModelConfig | null }) {
  const { t } = useTranslation('recipe');
  const { method } = recipe;
  const set = (next: Method | null) => useRecipe.getState().edit((current) => withMethod(current, next));
  return (
    <fieldset>
      <legend>{t('method.title')}</legend>
      <ChoiceField
        label={t('method.kind')}
        help={t(method ? 'method.loraHelp' : 'method.fullHelp')}
        value={method?.kind ?? 'full'}
        choices={KINDS}
        words={(kind) => t(`method.${kind}`)}
        onChange={(kind) => set(kind === 'full' ? null : presetMethod('qkv'))}
      />
      {method && <AdapterFields method={method} recipe={recipe} config={config} set={set} />}
    </fieldset>
  );
}

interface AdapterProps {
  method: Method;
  recipe: Recipe;
  config: ModelConfig | null;
  set(next: Method): void;
}

function AdapterFields({ method, recipe, config, set }: AdapterProps) {
  const { t } = useTranslation('recipe');
  const format = useFormat();
  // What is typed, so that a comma at its end stays.
  const [targets, setTargets] = useState<string | null>(null);
  const change = (part: Partial<Method>) => set({ ...method, ...part });
  const preset = presetOf(method);
  const fault = config ? methodFault(config, method) : null;
  const memory = config && !fault ? trainingMemory(config, memoryDemand(recipe)) : null;
  return (
    <>
      <ChoiceField
        label={t('method.preset')}
        value={preset}
        choices={preset === 'own' ? [...PRESETS, 'own' as const] : PRESETS}
        words={(name) => t(`method.presets.${name}`)}
        onChange={(name) => name !== 'own' && set(presetMethod(name))}
      />
      <NumberField label={t('method.r')} value={method.r} min={1} max={1024} integer onChange={(r) => change({ r })} />
      <NumberField
        label={t('method.alpha')}
        help={t(method.rankStabilised ? 'method.alphaStabilised' : 'method.alphaHelp')}
        value={method.alpha}
        min={0.01}
        max={4096}
        onChange={(alpha) => change({ alpha })}
      />
      <NumberField
        label={t('method.dropout')}
        value={method.dropout}
        min={0}
        max={0.9}
        step={0.05}
        onChange={(dropout) => change({ dropout })}
      />
      <TextInput
        size="xs"
        label={t('method.targets')}
        description={t('method.targetsHelp')}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        value={targets ?? method.targets.join(', ')}
        error={fault ? t('method.fault', fault) : undefined}
        onChange={(event) => {
          const typed = event.currentTarget.value;
          setTargets(typed);
          change({ targets: typed.split(/[\s,，、]+/).filter((part) => part !== '') });
        }}
        onBlur={() => setTargets(null)}
      />
      <SwitchField
        label={t('method.rankStabilised')}
        help={t('method.rankStabilisedHelp')}
        checked={method.rankStabilised}
        onChange={(rankStabilised) => change({ rankStabilised })}
      />
      {SAVED.map((module) => (
        <SwitchField
          key={module}
          label={t(`method.save.${module}`)}
          help={t('method.saveHelp')}
          checked={method.modulesToSave.includes(module)}
          onChange={(on) => change({ modulesToSave: SAVED.filter((one) => (one === module ? on : method.modulesToSave.includes(one))) })}
        />
      ))}
      {config && memory && (
        <p role="status" className={styles.note}>
          {t('method.trains', {
            trained: format.count(trainedCount(config, method)),
            share: format.percent(trainedCount(config, method) / trainedCount(config, undefined)),
            bytes: format.bytes(memory.gradients + memory.moments),
            full: format.bytes(trainingMemory(config, memoryDemand(withMethod(recipe, null))).total),
            total: format.bytes(memory.total),
          })}
        </p>
      )}
    </>
  );
}
