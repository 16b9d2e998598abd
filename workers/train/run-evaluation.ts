/** An evaluation of a run while it trains: held-out losses, and the forgetting risk by a sample of the shipped ability probes. */
import {
  ABILITY_GROUPS,
  type AbilityGroup,
  informativeGroups,
  sampledRisk,
  type SampledAnswers,
} from '../../src/core/metrics/forgetting-risk';
import { StudioError } from '../../src/core/errors';
import { meanRetention } from '../../src/core/metrics/loss';
import type { ChannelEvaluation, EvaluationRow, RunRecord, RunRules } from '../../src/core/run/types';
import type { EngineLock } from '../runtime/turns';
import type { AdversarialSample } from '../runtime/adversarial';
import type { AttentionSample } from '../runtime/attention';
import { evaluateHeldOut, type HeldOutSet } from '../runtime/held-out';
import type { EvaluableModel } from '../runtime/trainable-model';
import { chanceOf, parseProbes, type Probe, sampleProbes } from '../../src/core/probes/probe';
import { z } from '../../src/core/zod';
import { scoreProbes, type ProbeTokenizer } from '../runtime/probe-scores';
import type { SequenceModel, SequenceOptions } from '../runtime/sequences';
import type { PromptTexts } from './prompt-texts';
import { fetchManifest, fetchPublic } from '../storage/public-files';

export interface ProbeSample {
  /** Of a right guess, by group and item. */
  chances: Readonly<Partial<Record<AbilityGroup, readonly number[]>>>;
  /** Answers to the items of these groups; no weight changes. @throws what `between` throws to end it */
  answer(groups: readonly AbilityGroup[], options: SequenceOptions): Promise<SampledAnswers>;
}

const manifestSchema = z.object({ sets: z.array(z.object({ file: z.string(), group: z.string() })) });

/** @throws StudioError `fetch-failed` */
export async function readProbes(perGroup: number): Promise<Probe[]> {
  const { sets } = manifestSchema.parse(await fetchManifest('probes/manifest.json'));
  const ability = sets.filter(({ group }) => (ABILITY_GROUPS as readonly string[]).includes(group));
  const read = await Promise.all(
    ability.map(async ({ file, group }) => ({ group, probes: parseProbes(await (await fetchPublic(`probes/${file}`)).text()).probes })),
  );
  return sampleProbes(read, perGroup);
}

export function probeSample(probes: readonly Probe[], tokenizer: ProbeTokenizer, model: SequenceModel, rules: RunRules): ProbeSample {
  const itemsOf = (group: AbilityGroup) => probes.filter((probe) => probe.group === group);
  return {
    chances: Object.fromEntries(ABILITY_GROUPS.map((group) => [group, itemsOf(group).map(chanceOf)])),
    async answer(groups, options) {
      const asked = groups.flatMap(itemsOf);
      const scores = await scoreProbes(model, tokenizer, asked, { ...options, rules });
      const answers: SampledAnswers = {};
      scores.forEach((score, at) => {
        const group = asked[at]!.group as AbilityGroup;
        answers[group] = (answers[group] ?? '') + ('right' in score ? String(Number(score.right)) : '-');
      });
      return answers;
    },
  };
}

/** The model's answers and its risk. @param base what the base answered; null for the base itself. @throws what `between` throws to end it */
async function sampleRisk(
  sample: ProbeSample,
  base: EvaluationRow['probes'] | null,
  options: SequenceOptions,
): Promise<NonNullable<EvaluationRow['probes']>> {
  // What the base only guesses cannot be forgotten, so it is asked once.
  const answers = await sample.answer(base?.informative ?? ABILITY_GROUPS, options);
  const risk = base
    ? sampledRisk(base.answers, answers, base.informative)
    : sampledRisk(answers, null, informativeGroups(answers, sample.chances));
  return { ...risk, answers };
}

interface Evaluated {
  record: RunRecord;
  model: EvaluableModel;
  heldOut: HeldOutSet;
  /** Asked for the forgetting risk; null where the recipe asks none. */
  probes: ProbeSample | null;
  /** Set against the base's attention; null where the recipe does not ask. */
  attention: AttentionSample | null;
  /** Read at each evaluation; null where the recipe does not ask. */
  adversarial: AdversarialSample | null;
  /** Written after the recipe's prompts; null where it has none. */
  texts: PromptTexts | null;
  lock: EngineLock;
}

interface Asked {
  /** The base's evaluation; null while the base itself is measured. */
  base: EvaluationRow | null;
  /** The same evaluation from an earlier run: what it has is not measured again. */
  cached: EvaluationRow | null;
  /** Told before every batch which channels are measured so far. */
  onPartial: (channels: Record<string, ChannelEvaluation>) => void;
  /** Lets the person's commands act between two batches; false when the run is to stop. */
  goesOn: () => Promise<boolean>;
}

/**
 * The run's weights as they are, at its present step.
 * @returns null when the person stopped the run meanwhile; @throws StudioError `loss-not-finite`
 */
export async function evaluateRun(
  { record, model, heldOut, probes, attention, adversarial, texts, lock }: Evaluated,
  { base, cached, onPartial, goesOn }: Asked,
): Promise<EvaluationRow | null> {
  const { step, recipe } = record;
  const channels =
    cached?.channels ??
    (await evaluateHeldOut(model, heldOut, {
      exclusively: (work) => lock.run(work),
      between: (partial) => {
        onPartial(partial);
        return goesOn();
      },
    }));
  if (channels === null) return null;
  const risk =
    cached?.probes ?? (probes ? await askProbes(probes, base, recipe.batchSize * recipe.sequenceLength, lock, goesOn) : undefined);
  if (risk === null) return null;
  const divergence = await attention?.divergence(goesOn, (work) => lock.run(work));
  if (divergence === null) return null;
  const curve = await adversarial?.curve(goesOn, (work) => lock.run(work));
  if (curve === null) return null;
  const written = await texts?.write(goesOn, (work) => lock.run(work));
  if (written === null) return null;
  checkFinite(step, channels);
  const row: EvaluationRow = {
    ...{ step, channels, retention: null },
    ...(risk ? { probes: risk } : {}),
    ...(divergence ? { attention: divergence } : {}),
    ...(curve ? { adversarial: curve } : {}),
    ...(written ? { texts: written } : {}),
  };
  row.retention = meanRetention(base ?? row, row, recipe.channels);
  return row;
}

/** @param tokensPerBatch no more at once than a step has; @returns null when the person stopped the run meanwhile */
async function askProbes(
  probes: ProbeSample,
  base: EvaluationRow | null,
  tokensPerBatch: number,
  lock: EngineLock,
  goesOn: () => Promise<boolean>,
): Promise<EvaluationRow['probes'] | null> {
  let goOn = true;
  try {
    return await sampleRisk(probes, base?.probes ?? null, {
      tokensPerBatch,
      exclusively: (work) => lock.run(work),
      between: async () => {
        goOn = await goesOn();
        if (!goOn) throw new StudioError('cancelled', 'The run was stopped during an evaluation');
      },
    });
  } catch (error) {
    if (goOn) throw error;
    return null;
  }
}

function checkFinite(step: number, channels: Record<string, ChannelEvaluation>): void {
  for (const [channel, { loss }] of Object.entries(channels))
    if (!Number.isFinite(loss))
      throw new StudioError('loss-not-finite', `At step ${step} the held-out loss of channel "${channel}" is ${loss}`, {
        step,
        loss: String(loss),
        channel,
      });
}
