/**
 * What a target does not do of a recipe, line by line: the field, its value in short, and what the folder does in its place. English stands here,
 * since it goes into the folder's README; a page has the same sentences in the person's language under the same codes.
 */
import { federatedLine } from '../federated/clients';
import type { Recipe } from '../recipe/schema';

export const LACK_WORDS = {
  leftOut: 'left out',
  dropout: 'trained without: a model of transformers has dropout where its family has it, not on every residual',
  probes: 'no probes are asked, so there is no forgetting risk',
  attention: 'attention is not measured',
  adversarial: 'no adversarial set is measured',
  texts: 'no texts are written while it trains',
  federated: 'one model is trained on all channels, without rounds of clients',
  secure: 'the server sees each client’s update: it sends no masks',
  lastOnly: 'the model is written at the end alone, and a run that was cut off begins anew',
  order: 'rows are shuffled',
  generated: 'its text must lie in data/: the folder does not write it',
  adapterNotHeld: 'the adapter is not held to the base',
  scaledNotHeld: 'not held: gradients are scaled',
  ewcOnline: 'Fisher information of the base on the general channels alone',
  emaTeacher: 'nothing teaches: no average of the weights is kept',
  teacherStates: 'the teacher’s predictions alone, not its hidden states and attention',
  unfreezing: 'what the method names is trained from the first step, and nothing joins',
  isolation: 'the weights that the method names are trained whole',
  tiedHead: 'a head that is tied to the embeddings stays frozen',
  int8: 'bitsandbytes’ LLM.int8, which keeps outlier features in 16 bits',
  rows: 'as many rows a step as the hardware is given',
  shareByDocument: 'documents are drawn at the shares, not rows of tokens; shares.py weighs them by the mean length of a document',
  shareMixed: 'the target mixes nothing: shares.py writes the mixture as one file, in its order',
  strategy: 'the channels’ own shares from the first step to the last',
  automation: 'shares stay as they are: no rule moves them',
  phases: 'one mixture and one schedule over all steps',
  weights: 'every token counts alike',
  regularisation: 'nothing holds the weights near the base',
  layerDecay: 'one learning rate for all layers',
  noStopping: 'trained to the last step',
  earlyOnTotal: 'judged by the mean loss over all held-out text, not by the domain channels’',
  documentsApart: 'documents of a row are kept apart',
  documentsJoined: 'documents of a row are joined',
  decayShape: 'the decay is linear',
  warmupFloor: 'the warmup rises from the floor, not from 0',
  channelLoss: 'one training loss over all channels',
  liveChange: 'shares and learning rate stand still while it trains: there is no control file',
  objective: 'trained on the next token of its text',
  specialTokens: 'special tokens in the text are read as the tokenizer reads them',
  alpha: 'rounded to a whole number',
  modules: 'as it is spelt: a pattern is matched as the target matches it',
} as const;

export type LackCode = keyof typeof LACK_WORDS;

/** Something of a recipe that a target does not do. */
export interface Lack {
  /** Field of the recipe, and its value in short. */
  field: string;
  value: string;
  code: LackCode;
  /** What the folder does in its place, in English. */
  instead: string;
}

export type AddLack = (field: string, value: string | number, code: LackCode) => void;

export function collectLacks(): { lacks: Lack[]; lack: AddLack } {
  const lacks: Lack[] = [];
  return {
    lacks,
    lack: (field, value, code) => lacks.push({ field, value: String(value), code, instead: LACK_WORDS[code] }),
  };
}

/** One line a lack, as a README has them. */
export const lackLines = (lacks: readonly Lack[], none: string): string =>
  lacks.length > 0 ? lacks.map(({ field, value, instead }) => `- \`${field}\` = ${value}: ${instead}`).join('\n') : none;

/** Says of what nobody but the studio and its own script reads that it is left out, as all targets of other trainers do. */
export function lackOfTrainers(recipe: Recipe, lack: AddLack): void {
  const { strategy, automation, phases, channels, regularisation, optimizer, average, federated, dropout, evaluation, stopping } = recipe;
  lack('control.json', 'faders', 'liveChange');
  if (strategy.kind !== 'mixed') lack('strategy.kind', strategy.kind, 'strategy');
  if (automation) lack('automation.kind', automation.kind, 'automation');
  if (phases) lack('phases', phases.length, 'phases');
  if (channels.some(({ weight }) => weight !== undefined))
    lack('channels.weight', channels.map(({ weight }) => weight ?? 0).join(' : '), 'weights');
  for (const term of ['l2sp', 'ewc', 'decayTowards', 'distillation'] as const)
    if (regularisation?.[term] !== undefined) lack(`regularisation.${term}`, describe(regularisation[term]), 'regularisation');
  if (optimizer.layerDecay !== undefined) lack('optimizer.layerDecay', optimizer.layerDecay, 'layerDecay');
  if (average) lack('average', average.decay, 'leftOut');
  if (dropout > 0) lack('dropout', dropout, 'dropout');
  if (evaluation.probesPerGroup > 0) lack('evaluation.probesPerGroup', evaluation.probesPerGroup, 'probes');
  if (evaluation.prompts) lack('evaluation.prompts', evaluation.prompts.texts.length, 'texts');
  if (evaluation.attentionRows !== undefined) lack('evaluation.attentionRows', evaluation.attentionRows, 'attention');
  if (evaluation.adversarialDocuments !== undefined)
    lack('evaluation.adversarialDocuments', evaluation.adversarialDocuments, 'adversarial');
  if (federated) lack('federated', federatedLine(federated), 'federated');
  if (stopping.forgetting) lack('stopping.forgetting', stopping.forgetting.retention, 'noStopping');
  for (const { id, generated, specialTokens, objective } of channels) {
    if (objective) lack(`channels.${id}.objective`, objective.kind, 'objective');
    if (generated) lack(`channels.${id}.generated`, generated.model, 'generated');
    if (specialTokens === 'plain') lack(`channels.${id}.specialTokens`, specialTokens, 'specialTokens');
  }
}

const describe = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'lambda' in value
    ? `λ ${String(value.lambda)}`
    : typeof value === 'string'
      ? value
      : 'present';
