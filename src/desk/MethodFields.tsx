/** The recipe's method: all weights, a low-rank adapter, or a part of the model's own; and how many weights it trains. */
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import type { ModelConfig } from '../core/model/config';
import { trainingMemory } from '../core/model/memory';
import { isSoft } from '../core/model/soft-prompt';
import { methodFault, trainedCount, type MethodFault } from '../core/model/trained';
import { memoryDemand } from '../core/recipe/edits';
import { headsOf } from '../core/recipe/objective';
import { presetMethod, presetOf, presetsOf, withMethod } from '../core/recipe/method';
import type { LoraMethod, Method, Recipe, SoftMethod } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { ChoiceField, NamesField, NumberField, ProseField, SwitchField } from '../ui/fields';
import { PartialFields } from './PartialFields';
import { useRecipe } from './recipe-store';
import styles from './RecipeDrawer.module.css';

const KINDS = ['full', 'lora', 'partial', 'prefix', 'prompt', 'llama-adapter'] as const;
const SAVED = ['embeddings', 'head'] as const;
const BASE_FORMATS = ['float32', 'nf4', 'int8'] as const;

interface MethodFieldsProps {
  recipe: Recipe;
  models: readonly ModelRecord[];
}

export function MethodFields({ recipe, models }: MethodFieldsProps) {
  /** Null while it is not known. */
  const config = models.find(({ id }) => id === recipe.base)?.shape ?? null;
  const { t } = useTranslation('recipe');
  const { method } = recipe;
  const set = (next: Method | null) => useRecipe.getState().edit((current) => withMethod(current, next));
  const fault = config && method ? methodFault(config, method, recipe.sequenceLength, headsOf(recipe).size) : null;
  return (
    <fieldset>
      <legend>{t('method.title')}</legend>
      <ChoiceField
        label={t('method.kind')}
        help={t(`method.${method?.kind ?? 'full'}Help`)}
        value={method?.kind ?? 'full'}
        choices={KINDS}
        words={(kind) => t(`method.${kind}`)}
        onChange={(kind) => set(kind === 'full' ? null : presetMethod(presetsOf(kind)[0]!))}
      />
      {method && presetsOf(method.kind).length > 1 && <PresetField method={method} set={set} />}
      {method?.kind === 'lora' && <AdapterFields method={method} fault={fault} set={set} />}
      {method?.kind === 'partial' && (
        <PartialFields
          method={method}
          models={models.filter(({ id }) => id !== recipe.base)}
          config={config}
          steps={recipe.budget.steps}
          fault={fault}
          set={set}
        />
      )}
      {isSoft(method) && <SoftFields method={method} fault={fault} set={set} />}
      {method && config && !fault && <Trained recipe={recipe} config={config} method={method} />}
    </fieldset>
  );
}

function PresetField({ method, set }: { method: Method; set(next: Method): void }) {
  const { t } = useTranslation('recipe');
  const preset = presetOf(method);
  const presets = presetsOf(method.kind);
  return (
    <ChoiceField
      label={t('method.preset')}
      value={preset}
      choices={preset === 'own' ? [...presets, 'own' as const] : presets}
      words={(name) => t(`method.presets.${name}`)}
      onChange={(name) => name !== 'own' && set(presetMethod(name))}
    />
  );
}

/** How many weights are trained, and what that takes of memory. */
function Trained({ recipe, config, method }: { recipe: Recipe; config: ModelConfig; method: Method }) {
  const { t } = useTranslation('recipe');
  const format = useFormat();
  const memory = trainingMemory(config, memoryDemand(recipe));
  const heads = [...headsOf(recipe).values()].reduce((sum, outputs) => sum + outputs * config.hidden, 0);
  const trained = trainedCount(config, method) + heads;
  return (
    <p role="status" className={styles.note}>
      {t('method.trains', {
        trained: format.count(trained),
        share: format.percent(trained / trainedCount(config, undefined)),
        bytes: format.bytes(memory.gradients + memory.moments),
        full: format.bytes(trainingMemory(config, memoryDemand(withMethod(recipe, null))).total),
        total: format.bytes(memory.total),
      })}
    </p>
  );
}

export interface FieldsProps<Of extends Method> {
  method: Of;
  /** What of it does not go with the base. */
  fault: MethodFault | null;
  set(next: Method): void;
}

function AdapterFields({ method, fault, set }: FieldsProps<LoraMethod>) {
  const { t } = useTranslation('recipe');
  const change = (part: Partial<LoraMethod>) => set({ ...method, ...part });
  return (
    <>
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
      <NamesField
        label={t('method.targets')}
        help={t('method.targetsHelp')}
        names={method.targets}
        error={fault ? t('method.fault', { ...fault }) : undefined}
        onChange={(targets) => change({ targets })}
      />
      <ChoiceField
        label={t('method.quantisation')}
        help={t(`method.quantisationHelp.${method.quantisation ?? 'float32'}`)}
        value={method.quantisation ?? 'float32'}
        choices={BASE_FORMATS}
        words={(format) => t(`method.baseFormat.${format}`)}
        onChange={(format) => {
          const { quantisation: _, ...rest } = method;
          set(format === 'float32' ? rest : { ...rest, quantisation: format });
        }}
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
    </>
  );
}

const PREFIX_STARTS = ['random', 'zero'] as const;
const PROMPT_STARTS = ['vocabulary', 'text', 'random'] as const;

function SoftFields({ method, fault, set }: FieldsProps<SoftMethod>) {
  const { t } = useTranslation('recipe');
  return (
    <>
      <NumberField
        label={t(method.kind === 'llama-adapter' ? 'method.promptTokens' : 'method.tokens')}
        help={t(method.kind === 'llama-adapter' ? 'method.promptTokensHelp' : 'method.tokensHelp')}
        value={method.tokens}
        min={1}
        max={1024}
        integer
        onChange={(tokens) => set({ ...method, tokens })}
      />
      {method.kind === 'prefix' && (
        <ChoiceField
          label={t('method.init')}
          value={method.init}
          choices={PREFIX_STARTS}
          words={(init) => t(`method.inits.${init}`)}
          onChange={(init) => set({ ...method, init })}
        />
      )}
      {method.kind === 'prompt' && <PromptStart method={method} set={set} />}
      {method.kind === 'llama-adapter' && (
        <NumberField
          label={t('method.adapterLayers')}
          value={method.adapterLayers}
          min={1}
          max={1024}
          integer
          onChange={(adapterLayers) => set({ ...method, adapterLayers })}
        />
      )}
      {fault && (
        <p role="alert" className={styles.note}>
          {t('method.fault', { ...fault })}
        </p>
      )}
    </>
  );
}

type PromptMethod = Extract<Method, { kind: 'prompt' }>;

function PromptStart({ method, set }: { method: PromptMethod; set(next: Method): void }) {
  const { t } = useTranslation('recipe');
  const { text, ...rest } = method;
  return (
    <>
      <ChoiceField
        label={t('method.init')}
        value={text === undefined ? method.init : 'text'}
        choices={PROMPT_STARTS}
        words={(init) => t(`method.inits.${init}`)}
        onChange={(init) => set(init === 'text' ? { ...rest, text: t('method.firstText') } : { ...rest, init })}
      />
      {text !== undefined && (
        <ProseField
          label={t('method.text')}
          help={t('method.textHelp')}
          value={text}
          most={4000}
          onChange={(next) => set({ ...rest, text: next })}
        />
      )}
    </>
  );
}
