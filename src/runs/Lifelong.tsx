/** Chains of runs: one is put together and trained stage by stage, and what each stage did to each channel is drawn as a heat map. */
import { useEffect, useState, type ReactNode } from 'react';
import { Button, NativeSelect } from '@mantine/core';
import { Download, Play, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { CorpusRecord } from '../contract/corpus';
import { ChannelTag, useChannelTag, useCorpusName } from '../channels/channel';
import { ProgressLine } from '../channels/ProgressLine';
import { chainsOf, lifelongMatrix, matrixTable, stageRecipe, type Chain, type LifelongMatrix } from '../core/run/lifelong';
import { MOST_STAGES } from '../core/run/pipeline';
import { errorRecord } from '../core/errors';
import type { LifelongPlan } from '../core/run/types';
import { useErrorText } from '../i18n/error-text';
import { useFormat } from '../i18n/format';
import { lab } from '../lab/lab';
import { Card } from '../ui/Card';
import { Dialog } from '../ui/Dialog';
import { NumberField, SwitchField, TextField } from '../ui/fields';
import { saveFile } from '../ui/save-file';
import { SaveChart } from '../ui/SaveChart';
import { PipelineForm } from './PipelineForm';
import { StageChart } from './StageChart';
import { StageButtons, useStageRecipes } from './stage-list';
import { useRuns } from './store';
import styles from './Lifelong.module.css';

/** What a chain begins with: EWC as Kirkpatrick et al. have it for their games, γ as Schwarz et al. */
const USUAL_EWC = { lambda: 400, gamma: 0.95 };
const USUAL_STEPS = 300;

interface Props {
  /** The dialog that is open. */
  making: 'chain' | 'pipeline' | null;
  setMaking(kind: null): void;
  /** Ways to begin one. */
  aside: ReactNode;
}

export default function Lifelong({ making, setMaking, aside }: Props) {
  const { t } = useTranslation('runs');
  const runs = useRuns((state) => state.runs);
  const chaining = useRuns((state) => state.chaining);
  const chains = chainsOf(runs);
  return (
    <Card title={t('chain.title')} aside={aside}>
      <p className={styles.note}>{t('chain.lead')}</p>
      {/* Until its first stage has a run, a chain is in no list. */}
      {chaining?.progress && !chains.some(({ id }) => id === chaining.id) && <ProgressLine progress={chaining.progress} />}
      {chains.map((chain) => (
        <ChainItem key={chain.id} chain={chain} />
      ))}
      <Dialog opened={making === 'chain'} onClose={() => setMaking(null)} title={t('chain.dialog')}>
        <ChainForm close={() => setMaking(null)} />
      </Dialog>
      <Dialog wide opened={making === 'pipeline'} onClose={() => setMaking(null)} title={t('pipeline.title')}>
        <PipelineForm close={() => setMaking(null)} />
      </Dialog>
    </Card>
  );
}

function ChainItem({ chain }: { chain: Chain }) {
  const { t } = useTranslation('runs');
  const tag = useChannelTag();
  const chaining = useRuns((state) => state.chaining);
  const runChain = useRuns((state) => state.runChain);
  const { name, plan, done, active } = chain;
  const stages = plan.stages.length;
  const here = chaining?.id === chain.id ? chaining : null;
  const matrix = lifelongMatrix(chain);
  const savePlan = () =>
    saveFile(new Blob([`${JSON.stringify({ name, plan, ...matrix }, null, 2)}\n`], { type: 'application/json' }), `${name}-plan.json`);
  return (
    <section className={styles.chain} data-chart aria-label={name} data-testid="chain">
      <div className={styles.head}>
        <h3>{name}</h3>
        <span className={styles.note}>
          {done === stages
            ? t('chain.done', { stages })
            : here || active
              ? t('chain.training', { stage: Math.min(stages, (here?.stage ?? done) + 1), stages })
              : t('chain.stopped', { done, stages })}
        </span>
        {done < stages && !active && (
          <Button size="xs" leftSection={<Play size={13} />} disabled={chaining !== null} onClick={() => void runChain(chain)}>
            {t('chain.goOn', { stage: done + 1 })}
          </Button>
        )}
        {matrix && <SaveChart title={name} name={name} table={() => matrixTable(matrix, tag)} />}
        {done > 0 && (
          <Button size="xs" variant="default" leftSection={<Download size={13} />} onClick={savePlan}>
            {t('chain.json')}
          </Button>
        )}
      </div>
      {here?.progress && <ProgressLine progress={here.progress} />}
      {matrix && done > 0 && <StageChart matrix={matrix} name={name} />}
      {matrix && <HeatMap matrix={matrix} name={name} />}
    </section>
  );
}

/** Change of a loss, nats per token, at which a cell has its full colour. */
const FULL = 1;

/** Better is green, worse red, by the change against the base; the number is there whatever the colour. */
function tint(change: number | null): string | undefined {
  if (change === null) return undefined;
  const part = Math.round(Math.min(1, Math.abs(change) / FULL) * 45);
  return `color-mix(in srgb, var(${change <= 0 ? '--good' : '--bad'}) ${part}%, transparent)`;
}

function HeatMap({ matrix, name }: { matrix: LifelongMatrix; name: string }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const { channels, base, stages, backward, forward } = matrix;
  const shown = (value: number | null) => (value === null ? '—' : format.loss(value));
  return (
    <>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={`${name}: ${t('chain.matrix')}`}>
        <table className={styles.matrix}>
          <caption>{t('chain.matrix')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('chain.after')}</th>
              {channels.map(({ id, corpus }) => (
                <th key={id} scope="col">
                  <ChannelTag id={id} corpus={corpus} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">{t('chain.base')}</th>
              {channels.map(({ id }, at) => (
                <td key={id}>{shown(base[at] ?? null)}</td>
              ))}
            </tr>
            {stages.map((stage) => (
              <tr key={stage.run}>
                <th scope="row">{stage.name}</th>
                {channels.map(({ id }, at) => {
                  const [now, before] = [stage.loss[at] ?? null, base[at] ?? null];
                  const change = now === null || before === null ? null : now - before;
                  return (
                    <td key={id} style={{ background: tint(change) }} data-own={stage.domains.includes(id) || undefined}>
                      <b>{shown(now)}</b> <span className={styles.change}>{change === null ? '' : format.delta(change)}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={styles.note}>{t('chain.legend')}</p>
      {(backward !== null || forward !== null) && (
        <dl className={styles.transfer}>
          {(['backward', 'forward'] as const).map((kind) => (
            <div key={kind} title={t(`chain.${kind}Help`)}>
              <dt>{t(`chain.${kind}`)}</dt>
              <dd>{matrix[kind] === null ? '—' : format.delta(matrix[kind])}</dd>
              <dd className={styles.note}>{t(`chain.${kind}Help`)}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

function ChainForm({ close }: { close(): void }) {
  const { t } = useTranslation('runs');
  const { t: common } = useTranslation();
  const errorText = useErrorText(useChannelTag());
  const corpusName = useCorpusName();
  const { runChain, chaining } = useRuns();
  const [corpora, setCorpora] = useState<readonly CorpusRecord[] | null>(null);
  const [name, setName] = useState(t('chain.dialog'));
  const [recipeId, setRecipe] = useState('golden-ratio');
  const [stages, setStages] = useState<{ domain: string; steps: number }[]>([]);
  const [replay, setReplay] = useState(0.2);
  const [ewc, setEwc] = useState<LifelongPlan['ewc']>(null);
  const [adapter, setAdapter] = useState(false);
  useEffect(() => {
    let open = true;
    lab.corpus.list().then(
      (found) => {
        const domains = found.filter(({ role }) => role === 'domain');
        if (!open) return;
        setCorpora(domains);
        setStages(domains.slice(0, 2).map(({ id }) => ({ domain: id, steps: USUAL_STEPS })));
      },
      (error: unknown) => useRuns.setState({ failure: errorRecord(error) }),
    );
    return () => {
      open = false;
    };
  }, []);
  const recipes = useStageRecipes();
  const chosen = recipes.find(({ id }) => id === recipeId) ?? recipes[0];
  if (!chosen || corpora === null) return <p>{common('loading')}</p>;
  if (corpora.length === 0) return <p>{t('chain.none')}</p>;
  const plan: LifelongPlan = {
    recipe: chosen.recipe,
    stages: stages.map(({ domain, steps }) => ({ domains: [{ id: domain, corpus: domain }], steps })),
    ...{ replay, ewc, adapter },
  };
  const fault = faultOf(plan);
  const change = (at: number, part: Partial<(typeof stages)[number]>) =>
    setStages(stages.map((stage, index) => (index === at ? { ...stage, ...part } : stage)));
  return (
    <div className={styles.form}>
      <TextField label={t('chain.name')} value={name} onChange={setName} />
      <NativeSelect
        size="xs"
        label={t('chain.recipe')}
        value={chosen.id}
        onChange={(event) => setRecipe(event.currentTarget.value)}
        data={recipes.map(({ id, label }) => ({ value: id, label }))}
      />
      {stages.map((stage, at) => (
        <div key={at} className={styles.stage}>
          <NativeSelect
            size="xs"
            label={t('chain.domain', { stage: at + 1 })}
            value={stage.domain}
            onChange={(event) => change(at, { domain: event.currentTarget.value })}
            data={corpora.map((corpus) => ({ value: corpus.id, label: corpusName(corpus) }))}
          />
          <NumberField
            label={t('chain.stepsOf', { stage: at + 1 })}
            value={stage.steps}
            min={1}
            max={10_000_000}
            integer
            onChange={(steps) => change(at, { steps })}
          />
          <StageButtons {...{ stages, at }} onChange={setStages} />
        </div>
      ))}
      <Button
        size="xs"
        variant="default"
        leftSection={<Plus size={13} />}
        disabled={stages.length >= MOST_STAGES}
        onClick={() => {
          const free = corpora.find(({ id }) => !stages.some(({ domain }) => domain === id)) ?? corpora[0]!;
          setStages([...stages, { domain: free.id, steps: stages.at(-1)?.steps ?? USUAL_STEPS }]);
        }}
      >
        {t('chain.add')}
      </Button>
      <NumberField
        label={t('chain.replay')}
        help={t('chain.replayHelp')}
        value={replay}
        min={0}
        max={0.9}
        step={0.05}
        onChange={setReplay}
      />
      <SwitchField
        label={t('chain.ewc')}
        help={t('chain.ewcHelp')}
        checked={ewc !== null}
        onChange={(on) => setEwc(on ? USUAL_EWC : null)}
      />
      {ewc && (
        <div className={styles.stage}>
          <NumberField
            label={t('chain.lambda')}
            value={ewc.lambda}
            min={1e-9}
            max={1e9}
            step={10}
            onChange={(lambda) => setEwc({ ...ewc, lambda })}
          />
          <NumberField
            label={t('chain.gamma')}
            value={ewc.gamma}
            min={0}
            max={1}
            step={0.05}
            onChange={(gamma) => setEwc({ ...ewc, gamma })}
          />
        </div>
      )}
      <SwitchField label={t('chain.adapter')} help={t('chain.adapterHelp')} checked={adapter} onChange={setAdapter} />
      {fault && (
        <p role="alert" className={styles.fault}>
          {errorText(fault).what}
        </p>
      )}
      <Button
        disabled={fault !== null || chaining !== null || name.trim() === ''}
        onClick={() => {
          close();
          void runChain({ id: crypto.randomUUID(), name: name.trim(), plan });
        }}
      >
        {t('chain.start')}
      </Button>
    </div>
  );
}

/** The first stage's fault, as it would be refused; null where all are recipes. */
function faultOf(plan: LifelongPlan) {
  try {
    plan.stages.forEach((_, stage) => stageRecipe(plan, stage, plan.recipe.base));
    return null;
  } catch (error) {
    return errorRecord(error);
  }
}
