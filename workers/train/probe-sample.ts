/** The sample of the shipped ability probes that a run is asked at each of its evaluations. */
import {
  ABILITY_GROUPS,
  type AbilityGroup,
  informativeGroups,
  sampledRisk,
  type SampledAnswers,
} from '../../src/core/metrics/forgetting-risk';
import type { EvaluationRow } from '../../src/core/run/types';
import { chanceOf, parseProbes, type Probe, sampleProbes } from '../../src/core/probes/probe';
import { z } from '../../src/core/zod';
import { scoreProbes, type ProbeTokenizer } from '../runtime/probe-scores';
import type { SequenceModel, SequenceOptions } from '../runtime/sequences';
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

export function probeSample(probes: readonly Probe[], tokenizer: ProbeTokenizer, model: SequenceModel): ProbeSample {
  const itemsOf = (group: AbilityGroup) => probes.filter((probe) => probe.group === group);
  return {
    chances: Object.fromEntries(ABILITY_GROUPS.map((group) => [group, itemsOf(group).map(chanceOf)])),
    async answer(groups, options) {
      const asked = groups.flatMap(itemsOf);
      const scores = await scoreProbes(model, tokenizer, asked, options);
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
export async function sampleRisk(
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
