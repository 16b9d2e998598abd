/** When a run logs, evaluates and saves, what it measures at an evaluation beside the losses, and what it writes there. */
import { useState } from 'react';
import { Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { EvaluationPrompts, Recipe } from '../core/recipe/schema';
import { NumberField } from '../ui/fields';

/** As the recipe's schema has them. */
const MOST_PROMPTS = 8;
const LONGEST_PROMPT = 400;

const promptsOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, MOST_PROMPTS)
    .map((line) => line.slice(0, LONGEST_PROMPT));

interface PromptFieldsProps {
  prompts: EvaluationPrompts | undefined;
  onChange(prompts: EvaluationPrompts | undefined): void;
}

function PromptFields({ prompts, onChange }: PromptFieldsProps) {
  const { t } = useTranslation('recipe');
  const [text, setText] = useState<string | null>(null);
  return (
    <>
      <Textarea
        size="xs"
        autosize
        minRows={2}
        maxRows={8}
        label={t('recipe.prompts')}
        description={t('recipe.promptsHelp')}
        inputWrapperOrder={['label', 'input', 'description']}
        value={text ?? prompts?.texts.join('\n') ?? ''}
        onChange={(event) => {
          const typed = event.currentTarget.value;
          setText(typed);
          const texts = promptsOf(typed);
          onChange(texts.length > 0 ? { tokens: 48, temperature: 0, ...prompts, texts } : undefined);
        }}
        onBlur={() => setText(null)}
      />
      {prompts && (
        <>
          <NumberField
            label={t('recipe.promptsTokens')}
            value={prompts.tokens}
            min={1}
            max={256}
            integer
            onChange={(tokens) => onChange({ ...prompts, tokens })}
          />
          <NumberField
            label={t('recipe.promptsTemperature')}
            value={prompts.temperature}
            min={0}
            max={2}
            step={0.1}
            onChange={(temperature) => onChange({ ...prompts, temperature })}
          />
        </>
      )}
    </>
  );
}

export function RhythmFields({ recipe, set }: { recipe: Recipe; set(change: Partial<Recipe>): void }) {
  const { t } = useTranslation('recipe');
  const { evaluation, saving, logging } = recipe;
  return (
    <fieldset>
      <legend>{t('recipe.rhythm')}</legend>
      <NumberField
        label={t('recipe.logEvery')}
        value={logging.everySteps}
        min={1}
        integer
        onChange={(everySteps) => set({ logging: { everySteps } })}
      />
      <NumberField
        label={t('recipe.evaluateEvery')}
        value={evaluation.everySteps}
        min={1}
        integer
        onChange={(everySteps) => set({ evaluation: { ...evaluation, everySteps } })}
      />
      <NumberField
        label={t('recipe.evaluationRows')}
        value={evaluation.rowsPerChannel}
        min={1}
        integer
        onChange={(rowsPerChannel) => set({ evaluation: { ...evaluation, rowsPerChannel } })}
      />
      <NumberField
        label={t('recipe.probes')}
        help={t('recipe.probesHelp')}
        value={evaluation.probesPerGroup}
        min={0}
        max={128}
        step={8}
        integer
        onChange={(probesPerGroup) => set({ evaluation: { ...evaluation, probesPerGroup } })}
      />
      <NumberField
        label={t('recipe.attentionRows')}
        help={t('recipe.attentionRowsHelp')}
        value={evaluation.attentionRows ?? 0}
        min={0}
        max={16}
        integer
        onChange={(attentionRows) => {
          const { attentionRows: _, ...rest } = evaluation;
          set({ evaluation: attentionRows === 0 ? rest : { ...rest, attentionRows } });
        }}
      />
      <NumberField
        label={t('recipe.adversarialDocuments')}
        help={t('recipe.adversarialDocumentsHelp')}
        value={evaluation.adversarialDocuments ?? 0}
        min={0}
        max={16}
        integer
        onChange={(adversarialDocuments) => {
          const { adversarialDocuments: _, ...rest } = evaluation;
          set({ evaluation: adversarialDocuments === 0 ? rest : { ...rest, adversarialDocuments } });
        }}
      />
      <PromptFields
        prompts={evaluation.prompts}
        onChange={(prompts) => {
          const { prompts: _, ...rest } = evaluation;
          set({ evaluation: prompts ? { ...rest, prompts } : rest });
        }}
      />
      <NumberField
        label={t('recipe.saveEvery')}
        value={saving.everySteps}
        min={1}
        integer
        onChange={(everySteps) => set({ saving: { ...saving, everySteps } })}
      />
      <NumberField
        label={t('recipe.keep')}
        value={saving.keep}
        min={1}
        max={100}
        integer
        onChange={(keep) => set({ saving: { ...saving, keep } })}
      />
    </fieldset>
  );
}
