/** A pipeline put together by hand, or read from its file: stages with a recipe each, on the weights that the one before left. */
import { Button, NativeSelect } from '@mantine/core';
import { FileDown, FolderOpen, Plus } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { withSteps } from '../core/recipe/phases';
import type { Recipe } from '../core/recipe/schema';
import { checkPipeline, MOST_STAGES, parsePipeline, pipelineFile, type Pipeline } from '../core/run/pipeline';
import { useErrorText } from '../i18n/error-text';
import { pipelinePresets, type PipelinePreset } from '../lab/desk-recipes';
import { NumberField, TextField } from '../ui/fields';
import { saveFile } from '../ui/save-file';
import { titleIn } from './Recipe';
import { StageButtons, useStageRecipes } from './stage-list';
import { useRuns } from './store';
import styles from './Lifelong.module.css';

interface StageDraft {
  name: string;
  /** A preset's or a run's, or the one that a file brought. */
  source: string;
  recipe: Recipe;
}

export function PipelineForm({ close }: { close(): void }) {
  const { t, i18n } = useTranslation('runs');
  const { t: common } = useTranslation();
  const errorText = useErrorText(useChannelTag());
  const { runChain, chaining } = useRuns();
  const [shipped, setShipped] = useState<readonly PipelinePreset[] | null>(null);
  const [name, setName] = useState('');
  const [stages, setStages] = useState<StageDraft[]>([]);
  const [failure, setFailure] = useState<ErrorRecord | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const take = (pipeline: Pipeline) => {
    setFailure(null);
    setName(pipeline.name);
    setStages(pipeline.plan.stages.map((stage, at) => ({ ...stage, source: `file:${at}` })));
  };
  useEffect(() => {
    let open = true;
    pipelinePresets().then(
      (found) => {
        if (!open) return;
        setShipped(found);
        const [first] = found;
        if (first) take({ name: titleIn(first, i18n.language), plan: first.plan });
      },
      (error: unknown) => {
        if (!open) return;
        setShipped([]);
        setFailure(errorRecord(error));
      },
    );
    return () => {
      open = false;
    };
  }, [i18n]);
  const recipes = useStageRecipes();
  // What a preset brings must not come over what was typed.
  if (recipes.length === 0 || shipped === null) return <p>{common('loading')}</p>;
  const plan: Pipeline['plan'] = { kind: 'pipeline', stages: stages.map((stage) => ({ name: stage.name, recipe: stage.recipe })) };
  const fault = failure ?? (stages.length > 0 ? faultOf(plan) : null);
  const change = (at: number, part: Partial<StageDraft>) =>
    setStages(stages.map((stage, index) => (index === at ? { ...stage, ...part } : stage)));
  const read = async (input: HTMLInputElement) => {
    const [picked] = input.files ?? [];
    input.value = '';
    if (!picked) return;
    try {
      take(parsePipeline(JSON.parse(await picked.text())));
    } catch (error) {
      setFailure(errorRecord(error));
    }
  };
  return (
    <div className={styles.form}>
      {shipped.length > 0 && (
        <NativeSelect
          size="xs"
          label={t('pipeline.preset')}
          defaultValue={shipped[0]!.id}
          onChange={(event) => {
            const preset = shipped.find(({ id }) => id === event.currentTarget.value);
            if (preset) take({ name: titleIn(preset, i18n.language), plan: preset.plan });
          }}
          data={shipped.map((preset) => ({ value: preset.id, label: titleIn(preset, i18n.language) }))}
        />
      )}
      <TextField label={t('chain.name')} value={name} onChange={setName} />
      {stages.map((stage, at) => (
        <div key={at} className={styles.pipelineStage}>
          <TextField label={t('pipeline.stage', { stage: at + 1 })} value={stage.name} onChange={(next) => change(at, { name: next })} />
          <NativeSelect
            size="xs"
            label={t('pipeline.recipe', { stage: at + 1 })}
            value={stage.source}
            onChange={(event) => {
              const found = recipes.find(({ id }) => id === event.currentTarget.value);
              if (found) change(at, { source: found.id, recipe: found.recipe });
            }}
            data={[
              ...(stage.source.startsWith('file:') ? [{ value: stage.source, label: stage.recipe.name }] : []),
              ...recipes.map(({ id, label }) => ({ value: id, label })),
            ]}
          />
          <NumberField
            label={t('chain.stepsOf', { stage: at + 1 })}
            value={stage.recipe.budget.steps}
            min={1}
            max={10_000_000}
            integer
            onChange={(steps) => change(at, { recipe: withSteps(stage.recipe, steps) })}
          />
          <StageButtons {...{ stages, at }} onChange={setStages} />
        </div>
      ))}
      <div className={styles.head}>
        <Button
          size="xs"
          variant="default"
          leftSection={<Plus size={13} />}
          disabled={stages.length >= MOST_STAGES}
          onClick={() => {
            const { id, recipe } = recipes[0]!;
            setStages([...stages, { name: String(stages.length + 1), source: id, recipe }]);
          }}
        >
          {t('chain.add')}
        </Button>
        <Button size="xs" variant="default" leftSection={<FolderOpen size={13} />} onClick={() => file.current?.click()}>
          {t('pipeline.open')}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<FileDown size={13} />}
          disabled={stages.length === 0}
          onClick={() =>
            saveFile(new Blob([pipelineFile({ name: name.trim() || 'pipeline', plan })], { type: 'application/json' }), 'pipeline.json')
          }
        >
          {t('pipeline.save')}
        </Button>
        <input
          ref={file}
          type="file"
          hidden
          accept=".json,application/json"
          aria-label={t('pipeline.open')}
          data-testid="pipeline-file"
          onChange={(event) => void read(event.currentTarget)}
        />
      </div>
      <p className={styles.note}>{t('pipeline.help')}</p>
      {fault && (
        <p role="alert" className={styles.fault}>
          {errorText(fault).what}
        </p>
      )}
      <Button
        disabled={fault !== null || stages.length === 0 || chaining !== null || name.trim() === ''}
        onClick={() => {
          close();
          void runChain({ id: crypto.randomUUID(), name: name.trim(), plan });
        }}
      >
        {t('pipeline.start')}
      </Button>
    </div>
  );
}

function faultOf(plan: Pipeline['plan']): ErrorRecord | null {
  try {
    checkPipeline(plan);
    return null;
  } catch (error) {
    return errorRecord(error);
  }
}
