/** The drawer's fields of a channel that learns from preferences or rewards: reward model, DPO, PPO, GRPO. */
import { useTranslation } from 'react-i18next';
import type { ModelRecord } from '../contract/library';
import type { Objective, RewardRule } from '../core/recipe/schema';
import { ChoiceField, NumberField, ProseField, SwitchField } from '../ui/fields';

type Alignment = Extract<Objective, { kind: 'reward' | 'dpo' | 'ppo' | 'grpo' }>;
type Policy = Extract<Objective, { kind: 'ppo' | 'grpo' }>;

const KINDS: readonly string[] = ['reward', 'dpo', 'ppo', 'grpo'];
export const isAlignment = (objective: Objective): objective is Alignment => KINDS.includes(objective.kind);

/** What answers earn at first. */
export const FIRST_RULE: RewardRule = { kind: 'keyword', word: '病', most: 5 };

interface Bounds {
  min: number;
  max: number;
  step: number;
  integer?: boolean;
}

/** Fields that are numbers, in the order in which they stand. */
const NUMBERS = {
  dpo: { beta: { min: 0.001, max: 10, step: 0.05 }, labelSmoothing: { min: 0, max: 0.499, step: 0.05 } },
  grpo: {
    generations: { min: 2, max: 64, step: 1, integer: true },
    beta: { min: 0, max: 10, step: 0.01 },
    clipLow: { min: 0.01, max: 1, step: 0.05 },
    clipHigh: { min: 0.01, max: 10, step: 0.05 },
    updates: { min: 1, max: 16, step: 1, integer: true },
  },
  ppo: {
    klWeight: { min: 0, max: 10, step: 0.05 },
    gamma: { min: 0, max: 1, step: 0.05 },
    lambda: { min: 0, max: 1, step: 0.05 },
    clip: { min: 0.01, max: 1, step: 0.05 },
    valueClip: { min: 0.01, max: 10, step: 0.05 },
    valueWeight: { min: 0, max: 10, step: 0.05 },
    updates: { min: 1, max: 16, step: 1, integer: true },
  },
} as const satisfies Record<string, Record<string, Bounds>>;

type NumberName = { [Kind in keyof typeof NUMBERS]: keyof (typeof NUMBERS)[Kind] }[keyof typeof NUMBERS];

interface Props {
  objective: Alignment;
  models: readonly ModelRecord[];
  onChange(next: Alignment): void;
}

export function AlignmentFields({ objective, models, onChange }: Props) {
  const { t } = useTranslation('recipe');
  if (objective.kind === 'reward')
    return (
      <SwitchField
        label={t('objective.margin')}
        help={t('objective.marginHelp')}
        checked={objective.margin}
        onChange={(margin) => onChange({ ...objective, margin })}
      />
    );
  const bounds = Object.entries<Bounds>(NUMBERS[objective.kind]);
  const values = objective as unknown as Record<string, number>;
  return (
    <>
      {objective.kind !== 'dpo' && <RewardFields {...{ objective, models, onChange }} />}
      {objective.kind === 'grpo' && (
        <>
          <ChoiceField
            label={t('objective.mean')}
            value={objective.loss}
            choices={['dapo', 'grpo', 'dr_grpo'] as const}
            words={(loss) => t(`objective.means.${loss}`)}
            onChange={(loss) => onChange({ ...objective, loss })}
          />
          <ChoiceField
            label={t('objective.scale')}
            value={objective.scale}
            choices={['group', 'batch', 'none'] as const}
            words={(scale) => t(`objective.scales.${scale}`)}
            onChange={(scale) => onChange({ ...objective, scale })}
          />
        </>
      )}
      {bounds.map(([name, { integer = false, ...range }]) => (
        <NumberField
          key={name}
          label={t(`objective.number.${name as NumberName}`)}
          value={values[name]!}
          integer={integer}
          {...range}
          onChange={(value) => onChange({ ...objective, [name]: value })}
        />
      ))}
      {objective.kind === 'ppo' && (
        <>
          <SwitchField
            label={t('objective.adaptive')}
            help={t('objective.adaptiveHelp')}
            checked={objective.klTarget !== undefined}
            onChange={(on) => {
              const { klTarget: _, ...rest } = objective;
              onChange(on ? { ...rest, klTarget: 6 } : rest);
            }}
          />
          {objective.klTarget !== undefined && (
            <>
              <NumberField
                label={t('objective.klTarget')}
                value={objective.klTarget}
                min={0.01}
                max={1000}
                step={0.5}
                onChange={(klTarget) => onChange({ ...objective, klTarget })}
              />
              <NumberField
                label={t('objective.klHorizon')}
                value={objective.klHorizon}
                min={1}
                max={1_000_000}
                integer
                onChange={(klHorizon) => onChange({ ...objective, klHorizon })}
              />
            </>
          )}
        </>
      )}
    </>
  );
}

const RULES = ['keyword', 'length', 'regex', 'model'] as const;

/** What answers are sampled by, and what they earn. */
function RewardFields({ objective, models, onChange }: Omit<Props, 'objective'> & { objective: Policy }) {
  const { t } = useTranslation('recipe');
  const { reward, answerTokens, temperature } = objective;
  const set = (next: RewardRule) => onChange({ ...objective, reward: next });
  const begun = (kind: RewardRule['kind']): RewardRule => {
    switch (kind) {
      case 'keyword':
        return FIRST_RULE;
      case 'length':
        return { kind, tokens: 16 };
      case 'regex':
        return { kind, pattern: '[。.]$' };
      case 'model':
        return { kind, model: models[0]?.id ?? 'nano' };
    }
  };
  return (
    <>
      <ChoiceField
        label={t('objective.reward')}
        value={reward.kind}
        choices={RULES}
        words={(kind) => t(`objective.rules.${kind}`)}
        onChange={(kind) => set(begun(kind))}
      />
      {reward.kind === 'keyword' && (
        <>
          <ProseField
            label={t('objective.word')}
            help={t('objective.wordHelp')}
            value={reward.word}
            most={200}
            onChange={(word) => set({ ...reward, word })}
          />
          <NumberField
            label={t('objective.most')}
            value={reward.most}
            min={1}
            max={1000}
            integer
            onChange={(most) => set({ ...reward, most })}
          />
        </>
      )}
      {reward.kind === 'length' && (
        <NumberField
          label={t('objective.tokens')}
          value={reward.tokens}
          min={1}
          max={4096}
          integer
          onChange={(tokens) => set({ ...reward, tokens })}
        />
      )}
      {reward.kind === 'regex' && <PatternField pattern={reward.pattern} onChange={(pattern) => set({ ...reward, pattern })} />}
      {reward.kind === 'model' && (
        <ChoiceField
          label={t('objective.model')}
          help={t('objective.modelHelp')}
          value={reward.model}
          choices={[...new Set([...models.map(({ id }) => id), reward.model])]}
          words={(id) => models.find((one) => one.id === id)?.name ?? id}
          onChange={(model) => set({ ...reward, model })}
        />
      )}
      <NumberField
        label={t('objective.answerTokens')}
        value={answerTokens}
        min={1}
        max={4096}
        integer
        onChange={(tokens) => onChange({ ...objective, answerTokens: tokens })}
      />
      <NumberField
        label={t('objective.temperature')}
        value={temperature}
        min={0.05}
        max={5}
        step={0.1}
        onChange={(next) => onChange({ ...objective, temperature: next })}
      />
    </>
  );
}

/** A pattern is taken once it compiles. */
function PatternField({ pattern, onChange }: { pattern: string; onChange(pattern: string): void }) {
  const { t } = useTranslation('recipe');
  return (
    <ProseField
      label={t('objective.pattern')}
      help={t('objective.patternHelp')}
      value={pattern}
      most={400}
      onChange={(typed) => {
        try {
          new RegExp(typed, 'u');
        } catch {
          return;
        }
        onChange(typed);
      }}
    />
  );
}
