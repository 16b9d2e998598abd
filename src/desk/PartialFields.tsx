/** Fields of a method that trains a part of the model's own weights: which, from which step on, and whether whole. */
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import type { ModelConfig } from '../core/model/config';
import type { Isolation, PartialMethod, Unfreezing } from '../core/recipe/schema';
import { ChoiceField, NamesField, NumberField, SwitchField } from '../ui/fields';
import type { FieldsProps } from './MethodFields';
import styles from './RecipeDrawer.module.css';

const PARTS = ['finalNorm', 'head', 'embeddings'] as const;
const ORDERS = ['none', 'downwards', 'named'] as const;
const UNITS = ['steps', 'ratio'] as const;
const ISOLATED = ['none', 'weights', 'rows', 'heads'] as const;
const ROLES = ['domain', 'general', 'change'] as const;
const LABELS = ['model', 'text'] as const;
/** Interval between two joinings that a schedule begins with, as a share of all steps. */
const INTERVAL = 0.15;
const intervalOf = (steps: number): number => Math.max(1, Math.round(INTERVAL * steps));

/** What a kind of schedule begins as. @param steps of the run */
const usual = (order: Unfreezing['order'], steps: number): Unfreezing =>
  order === 'downwards'
    ? { order, layers: 1, every: { unit: 'ratio', value: INTERVAL } }
    : { order, stages: [{ step: intervalOf(steps), modules: ['embed_tokens'] }] };
const USUAL_ISOLATION: Isolation = { unit: 'weights', share: 0.1, by: 'domain', sequences: 64, labels: 'model' };

type Change = (part: Partial<PartialMethod>) => void;

interface Props extends FieldsProps<PartialMethod> {
  /** Of the library, but for the run's base. */
  models: readonly ModelRecord[];
  /** Of the base; null while it is not known. */
  config: ModelConfig | null;
  /** Of the run. */
  steps: number;
}

export function PartialFields({ method, models, config, steps, fault, set }: Props) {
  const { t } = useTranslation('recipe');
  const change: Change = (part) => {
    const next = { ...method, ...part };
    if (next.unfreezing === undefined) delete next.unfreezing;
    if (next.isolation === undefined) delete next.isolation;
    set(next);
  };
  const layers = config?.layers ?? 1024;
  return (
    <>
      <NumberField
        label={t('method.lastLayers')}
        value={method.lastLayers === 'all' ? layers : method.lastLayers}
        min={0}
        max={layers}
        integer
        onChange={(lastLayers) => change({ lastLayers: lastLayers === config?.layers ? 'all' : lastLayers })}
      />
      {PARTS.map((part) => (
        <SwitchField
          key={part}
          label={t(`method.parts.${part}`)}
          help={t(`method.partsHelp.${part}`)}
          checked={method[part]}
          onChange={(on) => change({ [part]: on })}
        />
      ))}
      <NamesField
        label={t('method.modules')}
        help={t('method.modulesHelp')}
        names={method.modules}
        onChange={(modules) => change({ modules })}
      />
      <UnfreezingFields unfreezing={method.unfreezing} steps={steps} change={change} />
      <IsolationFields isolation={method.isolation} models={models} change={change} />
      {fault && (
        <p role="alert" className={styles.problem}>
          {t('method.fault', { ...fault })}
        </p>
      )}
    </>
  );
}

function UnfreezingFields({ unfreezing, steps, change }: { unfreezing: Unfreezing | undefined; steps: number; change: Change }) {
  const { t } = useTranslation('recipe');
  return (
    <>
      <ChoiceField
        label={t('method.unfreezing.order')}
        help={t(`method.unfreezing.help.${unfreezing?.order ?? 'none'}`)}
        value={unfreezing?.order ?? 'none'}
        choices={ORDERS}
        words={(order) => t(`method.unfreezing.${order}`)}
        onChange={(order) => change({ unfreezing: order === 'none' ? undefined : usual(order, steps) })}
      />
      {unfreezing?.order === 'downwards' && (
        <DownwardsFields unfreezing={unfreezing} steps={steps} set={(next) => change({ unfreezing: next })} />
      )}
      {unfreezing?.order === 'named' && (
        <StageFields stages={unfreezing.stages} steps={steps} set={(stages) => change({ unfreezing: { order: 'named', stages } })} />
      )}
    </>
  );
}

type Downwards = Extract<Unfreezing, { order: 'downwards' }>;

function DownwardsFields({ unfreezing, steps, set }: { unfreezing: Downwards; steps: number; set(next: Downwards): void }) {
  const { t } = useTranslation('recipe');
  const { layers, every } = unfreezing;
  const inSteps = every.unit === 'steps';
  return (
    <>
      <NumberField
        label={t('method.unfreezing.layers')}
        value={layers}
        min={1}
        max={1024}
        integer
        onChange={(next) => set({ ...unfreezing, layers: next })}
      />
      <ChoiceField
        label={t('method.unfreezing.unit')}
        value={every.unit}
        choices={UNITS}
        words={(unit) => t(`method.unfreezing.units.${unit}`)}
        onChange={(unit) =>
          set({ ...unfreezing, every: unit === 'steps' ? { unit, value: intervalOf(steps) } : { unit, value: INTERVAL } })
        }
      />
      <NumberField
        key={every.unit}
        label={t(`method.unfreezing.every.${every.unit}`)}
        value={every.value}
        min={inSteps ? 1 : 0.001}
        max={inSteps ? 10_000_000 : 0.99}
        step={inSteps ? 10 : 0.05}
        integer={inSteps}
        onChange={(value) => set({ ...unfreezing, every: { ...every, value } })}
      />
    </>
  );
}

type Stage = Extract<Unfreezing, { order: 'named' }>['stages'][number];

function StageFields({ stages, steps, set }: { stages: readonly Stage[]; steps: number; set(stages: Stage[]): void }) {
  const { t } = useTranslation('recipe');
  const replace = (at: number, part: Partial<Stage>) => set(stages.map((stage, index) => (index === at ? { ...stage, ...part } : stage)));
  return (
    <>
      {stages.map((stage, at) => (
        <div key={at} role="group" className={styles.stage} aria-label={t('method.unfreezing.stage', { number: at + 1 })}>
          <NumberField
            label={t('method.unfreezing.step', { number: at + 1 })}
            value={stage.step}
            min={1}
            integer
            onChange={(step) => replace(at, { step })}
          />
          <NamesField
            label={t('method.unfreezing.modules', { number: at + 1 })}
            help={t('method.modulesHelp')}
            names={stage.modules}
            onChange={(modules) => replace(at, { modules })}
          />
          {stages.length > 1 && (
            <Button size="compact-xs" variant="subtle" onClick={() => set(stages.filter((_, index) => index !== at))}>
              {t('method.unfreezing.remove', { number: at + 1 })}
            </Button>
          )}
        </div>
      ))}
      <Button
        size="compact-xs"
        variant="default"
        onClick={() =>
          set([...stages, { step: Math.min(steps - 1, (stages.at(-1)?.step ?? 0) + intervalOf(steps)), modules: ['layers.0.*'] }])
        }
      >
        {t('method.unfreezing.add')}
      </Button>
    </>
  );
}

interface IsolationProps {
  isolation: Isolation | undefined;
  models: readonly ModelRecord[];
  change: Change;
}

function IsolationFields({ isolation, models, change }: IsolationProps) {
  const { t } = useTranslation('recipe');
  const { t: common } = useTranslation();
  const set = (part: Partial<Isolation>) => change({ isolation: { ...USUAL_ISOLATION, ...isolation, ...part } });
  return (
    <>
      <ChoiceField
        label={t('method.isolation.unit')}
        help={t(isolation ? 'method.isolation.help' : 'method.isolation.noneHelp')}
        value={isolation?.unit ?? 'none'}
        choices={ISOLATED}
        words={(unit) => t(`method.isolation.units.${unit}`)}
        onChange={(unit) => (unit === 'none' ? change({ isolation: undefined }) : set({ unit }))}
      />
      {isolation && (
        <>
          <NumberField
            label={t('method.isolation.share')}
            value={isolation.share}
            min={0.0001}
            max={0.999}
            step={0.05}
            onChange={(share) => set({ share })}
          />
          <ChoiceField
            label={t('method.isolation.by')}
            value={isolation.by}
            choices={ROLES}
            words={(by) => t(`method.isolation.roles.${by}`)}
            onChange={(by) => {
              const { against: _, ...rest } = isolation;
              change({ isolation: { ...rest, by } });
            }}
          />
          {isolation.by === 'change' && (
            <ChoiceField
              label={common('recipeField.isolationAgainst')}
              help={t('method.isolation.againstHelp')}
              value={isolation.against ?? ''}
              choices={[...new Set(['', ...models.map(({ id }) => id), isolation.against ?? ''])]}
              words={(id) => (id === '' ? t('method.isolation.pass') : (models.find((model) => model.id === id)?.name ?? id))}
              onChange={(id) => {
                const { against: _, ...rest } = isolation;
                change({ isolation: id === '' ? rest : { ...rest, against: id } });
              }}
            />
          )}
          {isolation.against === undefined && (
            <NumberField
              label={t(isolation.by === 'change' ? 'method.isolation.steps' : 'ewc.sequences')}
              value={isolation.sequences}
              min={1}
              max={4096}
              integer
              onChange={(sequences) => set({ sequences })}
            />
          )}
          {isolation.by !== 'change' && (
            <ChoiceField
              label={t('ewc.labels')}
              value={isolation.labels}
              choices={LABELS}
              words={(labels) => common(`recipeValue.${labels}`)}
              onChange={(labels) => set({ labels })}
            />
          )}
        </>
      )}
    </>
  );
}
