/** The drawer's fields for a rule that moves the faders while the run goes on. */
import { Button } from '@mantine/core';
import { Plus, Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { moveFader } from '../core/mixture/mixture';
import { sharesOf } from '../core/recipe/edits';
import type { Automation, Recipe } from '../core/recipe/schema';
import { ChoiceField, NumberField } from '../ui/fields';
import styles from './RecipeDrawer.module.css';

interface Props {
  recipe: Recipe;
  edit(change: (recipe: Recipe) => Recipe): void;
}

type Stages = Extract<Automation, { kind: 'stages' }>;

const KINDS = ['none', 'stages', 'softmax', 'doremi', 'ado', 'hold-retention'] as const;
const LOSSES = ['train', 'held-out'] as const;
const BETWEEN = ['hold', 'linear'] as const;
const MOST_STAGES = 32;

/** What a rule begins as. */
function usual(kind: Automation['kind'], recipe: Recipe): Automation {
  switch (kind) {
    case 'stages':
      return { kind, between: 'hold', stages: [{ step: Math.max(1, Math.round(recipe.budget.steps / 2)), shares: sharesOf(recipe) }] };
    case 'softmax':
      return { kind, temperature: 1, losses: 'train' };
    case 'doremi':
      return { kind, rate: 1, smoothing: 1e-3, losses: 'held-out' };
    case 'ado':
      return { kind };
    case 'hold-retention':
      return { kind, retention: 0.95, least: 0.01, most: 0.9 };
  }
}

export function AutomationFields({ recipe, edit }: Props) {
  const { t } = useTranslation('recipe');
  const { automation } = recipe;
  const set = (next: Automation | null) => edit(({ automation: _, ...rest }) => (next ? { ...rest, automation: next } : rest));
  const words = (value: (typeof KINDS)[number] | (typeof LOSSES)[number] | (typeof BETWEEN)[number]) => t(`automation.value.${value}`);
  return (
    <fieldset>
      <legend>{t('automation.title')}</legend>
      <p className={styles.note}>{t('automation.help')}</p>
      <ChoiceField
        label={t('automation.kind')}
        {...(automation ? { help: t(`automation.about.${automation.kind}`) } : {})}
        value={automation?.kind ?? 'none'}
        choices={KINDS}
        words={words}
        onChange={(kind) => set(kind === 'none' ? null : usual(kind, recipe))}
      />
      {automation?.kind === 'stages' && <StageFields recipe={recipe} automation={automation} set={set} words={words} />}
      {automation?.kind === 'softmax' && (
        <NumberField
          label={t('automation.temperature')}
          value={automation.temperature}
          min={0.01}
          max={100}
          step={0.1}
          onChange={(temperature) => set({ ...automation, temperature })}
        />
      )}
      {automation?.kind === 'doremi' && (
        <>
          <NumberField
            label={t('automation.rate')}
            value={automation.rate}
            min={0.01}
            max={100}
            step={0.1}
            onChange={(rate) => set({ ...automation, rate })}
          />
          <NumberField
            label={t('automation.smoothing')}
            value={automation.smoothing}
            min={0}
            max={0.99}
            step={0.001}
            onChange={(smoothing) => set({ ...automation, smoothing })}
          />
        </>
      )}
      {(automation?.kind === 'softmax' || automation?.kind === 'doremi') && (
        <ChoiceField
          label={t('automation.losses')}
          help={t(`automation.when.${automation.losses}`)}
          value={automation.losses}
          choices={LOSSES}
          words={words}
          onChange={(losses) => set({ ...automation, losses })}
        />
      )}
      {automation?.kind === 'hold-retention' &&
        (['retention', 'least', 'most'] as const).map((field) => (
          <NumberField
            key={field}
            label={t(`automation.${field}`)}
            value={automation[field]}
            min={field === 'retention' ? 0.01 : 0}
            max={1}
            step={0.01}
            onChange={(value) => set({ ...automation, [field]: value })}
          />
        ))}
    </fieldset>
  );
}

interface StageProps {
  recipe: Recipe;
  automation: Stages;
  set(next: Stages): void;
  words(value: (typeof BETWEEN)[number]): string;
}

function StageFields({ recipe, automation, set, words }: StageProps) {
  const { t } = useTranslation('recipe');
  const tag = useChannelTag();
  const { stages, between } = automation;
  const last = stages.at(-1)!;
  const change = (index: number, part: Partial<Stages['stages'][number]>) =>
    set({ ...automation, stages: stages.map((stage, at) => (at === index ? { ...stage, ...part } : stage)) });
  return (
    <>
      <ChoiceField
        label={t('automation.between')}
        value={between}
        choices={BETWEEN}
        words={words}
        onChange={(next) => set({ ...automation, between: next })}
      />
      {stages.map(({ step, shares }, index) => (
        <div key={index} className={styles.phase} role="group" aria-label={t('automation.stage', { number: index + 1 })}>
          <NumberField
            label={t('automation.step', { number: index + 1 })}
            value={step}
            min={1}
            max={recipe.budget.steps - 1}
            integer
            onChange={(next) => change(index, { step: next })}
          />
          {recipe.channels.map(({ id }) => (
            <NumberField
              key={id}
              label={t('phases.share', { channel: tag(id) })}
              value={Number((shares[id] ?? 0).toFixed(4))}
              min={0}
              max={1}
              step={0.01}
              onChange={(share) => {
                const whole = Object.fromEntries(recipe.channels.map((channel) => [channel.id, shares[channel.id] ?? 0]));
                change(index, { shares: moveFader(whole, id, share, { locked: new Set() }) });
              }}
            />
          ))}
          {stages.length > 1 && (
            <Button
              size="compact-xs"
              variant="subtle"
              leftSection={<Trash2 size={13} />}
              onClick={() => set({ ...automation, stages: stages.filter((_, at) => at !== index) })}
            >
              {t('automation.remove', { number: index + 1 })}
            </Button>
          )}
        </div>
      ))}
      <Button
        size="xs"
        variant="default"
        leftSection={<Plus size={13} />}
        disabled={stages.length >= MOST_STAGES || last.step >= recipe.budget.steps - 1}
        onClick={() =>
          set({
            ...automation,
            stages: [...stages, { ...last, step: last.step + Math.max(1, Math.floor((recipe.budget.steps - last.step) / 2)) }],
          })
        }
      >
        {t('automation.add')}
      </Button>
    </>
  );
}
