/** The fields of a recipe and their values in the person's language: difference of two recipes, line by line. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { RecipeDifference } from '../core/recipe/diff';
import { useChannelTag } from './channel';

/** A field's path in the recipe → the key of its name in common.json. */
const FIELDS = {
  name: 'name',
  base: 'base',
  sequenceLength: 'sequenceLength',
  packing: 'packing',
  'strategy.kind': 'strategy',
  'strategy.generalRatio': 'generalRatio',
  'strategy.riseRatio': 'riseRatio',
  'schedule.kind': 'schedule',
  'schedule.peakLr': 'peakLr',
  'schedule.minRatio': 'minRatio',
  'schedule.warmup.unit': 'warmupUnit',
  'schedule.warmup.value': 'warmup',
  'schedule.decayRatio': 'decayRatio',
  'schedule.decayShape': 'decayShape',
  batchSize: 'batchSize',
  gradientAccumulationSteps: 'gradientAccumulationSteps',
  'optimizer.beta1': 'beta1',
  'optimizer.beta2': 'beta2',
  'optimizer.epsilon': 'epsilon',
  'optimizer.weightDecay': 'weightDecay',
  'optimizer.maxGradNorm': 'maxGradNorm',
  'optimizer.layerDecay': 'layerDecay',
  dropout: 'dropout',
  regularisation: 'regularisation',
  'regularisation.l2sp': 'l2sp',
  'regularisation.l2sp.lambda': 'l2sp',
  'regularisation.ewc': 'ewc',
  'regularisation.ewc.lambda': 'ewc',
  'regularisation.ewc.sequences': 'fisherSequences',
  'regularisation.ewc.labels': 'fisherLabels',
  'regularisation.ewc.online.gamma': 'fisherGamma',
  'regularisation.decayTowards': 'decayTowards',
  average: 'average',
  'average.decay': 'averageDecay',
  'average.start': 'averageStart',
  'average.every': 'averageEvery',
  'regularisation.distillation': 'distillation',
  'regularisation.distillation.teacher': 'teacher',
  'regularisation.distillation.rows': 'taughtRows',
  'regularisation.distillation.alpha': 'teacherAlpha',
  'regularisation.distillation.temperature': 'teacherTemperature',
  'regularisation.distillation.warmup': 'teacherWarmup',
  'regularisation.distillation.states': 'states',
  'regularisation.distillation.states.last': 'stageLast',
  'regularisation.distillation.states.all': 'stageAll',
  'regularisation.distillation.states.attention': 'stageAttention',
  'regularisation.distillation.states.hiddenWeight': 'hiddenWeight',
  'regularisation.distillation.states.attentionWeight': 'attentionWeight',
  'budget.steps': 'steps',
  steps: 'steps',
  order: 'order',
  phases: 'phases',
  'automation.kind': 'automation',
  'automation.between': 'automationBetween',
  'automation.stages': 'automationStages',
  'automation.temperature': 'automationTemperature',
  'automation.losses': 'automationLosses',
  'automation.rate': 'automationRate',
  'automation.smoothing': 'automationSmoothing',
  'automation.retention': 'automationRetention',
  'automation.least': 'automationLeast',
  'automation.most': 'automationMost',
  federated: 'federated',
  'federated.split': 'federatedSplit',
  'federated.split.clients': 'federatedClients',
  'federated.split.alpha': 'federatedAlpha',
  'federated.participation': 'participation',
  'federated.proximal': 'proximal',
  'federated.server.rate': 'serverRate',
  'federated.server.momentum': 'serverMomentum',
  'federated.secure': 'secure',
  'federated.secure.dropout': 'secureDropout',
  'federated.privacy': 'privacy',
  'federated.privacy.clip': 'privacyClip',
  'federated.privacy.noise': 'privacyNoise',
  'federated.privacy.delta': 'privacyDelta',
  'evaluation.everySteps': 'evaluationInterval',
  'evaluation.rowsPerChannel': 'evaluationRows',
  'evaluation.probesPerGroup': 'probesPerGroup',
  'evaluation.attentionRows': 'attentionRows',
  'evaluation.adversarialDocuments': 'adversarialDocuments',
  'evaluation.prompts.texts': 'prompts',
  'evaluation.prompts.tokens': 'promptsTokens',
  'evaluation.prompts.temperature': 'promptsTemperature',
  'saving.everySteps': 'savingInterval',
  'saving.keep': 'savingKeep',
  'logging.everySteps': 'loggingInterval',
  'stopping.early': 'early',
  'stopping.early.patience': 'earlyPatience',
  'stopping.early.threshold': 'earlyThreshold',
  'stopping.forgetting': 'forgetting',
  'stopping.forgetting.retention': 'forgettingRetention',
  activationCheckpointing: 'activationCheckpointing',
  precision: 'precision',
  'method.kind': 'method',
  'method.r': 'rank',
  'method.alpha': 'alpha',
  'method.dropout': 'adapterDropout',
  'method.targets': 'targets',
  'method.rankStabilised': 'rankStabilised',
  'method.modulesToSave': 'modulesToSave',
  'method.quantisation': 'quantisation',
  'method.lastLayers': 'lastLayers',
  'method.finalNorm': 'trainedFinalNorm',
  'method.head': 'trainedHead',
  'method.embeddings': 'trainedEmbeddings',
  'method.modules': 'trainedModules',
  'method.unfreezing.order': 'unfreezing',
  'method.unfreezing.layers': 'unfreezingLayers',
  'method.unfreezing.every.unit': 'unfreezingEvery',
  'method.unfreezing.every.value': 'unfreezingEvery',
  'method.unfreezing.stages': 'unfreezingStages',
  'method.isolation.unit': 'isolation',
  'method.isolation.share': 'isolationShare',
  'method.isolation.by': 'isolationBy',
  'method.isolation.against': 'isolationAgainst',
  'method.isolation.sequences': 'fisherSequences',
  'method.isolation.labels': 'fisherLabels',
  'method.tokens': 'virtualTokens',
  'method.init': 'promptStart',
  'method.text': 'promptText',
  'method.adapterLayers': 'adapterLayers',
  seed: 'seed',
  runnable: 'runnable',
} as const;
const CHANNEL_FIELDS = [
  ...(['share', 'weight', 'role', 'corpus', 'id'] as const),
  // How a model wrote its text.
  ...(['model', 'kind', 'lines', 'temperature', 'topP', 'length', 'tokens', 'seed'] as const),
] as const;
const VALUES = [
  'true',
  'base',
  'model',
  'text',
  'false',
  'joined',
  'separate',
  'null',
  'mixed',
  'general-then-domain',
  'domain-only',
  'curriculum',
  'constant',
  'linear',
  'cosine',
  'wsd',
  'sqrt',
  'exponential',
  'shuffled',
  'difficulty',
  'ratio',
  'steps',
  'random',
  'zero',
  'vocabulary',
  'downwards',
  'named',
  'weights',
  'rows',
  'heads',
  'all',
  'ema',
  'change',
  'hold',
  'stages',
  'softmax',
  'doremi',
  'ado',
  'hold-retention',
  'train',
  'held-out',
] as const;
/** Their values are a person's own words. */
const NAMES: readonly string[] = [
  'name',
  'base',
  'regularisation.distillation.teacher',
  'method.isolation.against',
  'method.targets',
  'method.modules',
  'method.text',
  'evaluation.prompts.texts',
  'method.unfreezing.stages',
  'automation.stages',
];

type FieldName = { phase?: string } & (
  | { channel: string; key: `recipeChannel.${(typeof CHANNEL_FIELDS)[number]}` }
  | { channel: null; key: `recipeField.${(typeof FIELDS)[keyof typeof FIELDS]}` }
);

/** The key of a field's name, the channel whose field it is and the phase that has it; null for a path that no recipe has. */
export function recipeField(path: string): FieldName | null {
  const [, phase, of] = /^phases\.(\d+)\.(.+)$/.exec(path) ?? [];
  if (phase !== undefined) {
    const [, moved] = /^shares\.(.+)$/.exec(of!) ?? [];
    const known = recipeField(moved === undefined ? of! : `channels.${moved}.share`);
    return known && { ...known, phase };
  }
  const [, channel, name] = /^channels\.(.+?)(?:\.generated(?:\.prompts)?)?\.(\w+)$/.exec(path) ?? [];
  const field = CHANNEL_FIELDS.find((one) => one === name);
  if (channel !== undefined && field) return { channel, key: `recipeChannel.${field}` };
  return Object.hasOwn(FIELDS, path) ? { channel: null, key: `recipeField.${FIELDS[path as keyof typeof FIELDS]}` } : null;
}

/** The key of a value that is one of a closed list; null for numbers and names. */
export function recipeValue(path: string, value: string): `recipeValue.${(typeof VALUES)[number]}` | `role.${'general' | 'domain'}` | null {
  if (path.startsWith('channels.')) return path.endsWith('.role') && (value === 'general' || value === 'domain') ? `role.${value}` : null;
  if (path === 'regularisation.distillation.rows' && (value === 'general' || value === 'domain')) return `role.${value}`;
  if (path === 'regularisation.distillation.teacher' && value === 'ema') return 'recipeValue.ema';
  const known = NAMES.includes(path) || path.endsWith('.name') ? undefined : VALUES.find((one) => one === value);
  return known ? `recipeValue.${known}` : null;
}

export interface DifferenceWords {
  field: string;
  from: string;
  to: string;
}

export function useDifferenceWords(): (difference: RecipeDifference) => DifferenceWords {
  const { t } = useTranslation();
  const tag = useChannelTag();
  return useCallback(
    ({ field: path, a, b }) => {
      const field = recipeField(path);
      const shown = (value: string) => {
        const key = recipeValue(path, value);
        return key ? t(key) : tag(value);
      };
      const bare = field && (field.channel === null ? t(field.key) : t(field.key, { channel: tag(field.channel) }));
      const name = field?.phase === undefined ? (bare ?? path) : t('recipePhase', { number: field.phase, field: bare });
      return { field: name, from: shown(a), to: shown(b) };
    },
    [t, tag],
  );
}
