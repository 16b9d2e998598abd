/** From the runs of a sweep to a decision: laws are fitted in a worker, a mixture, rate and warmup recommended, and the recommendation checked. */
import { useEffect, useMemo, useState } from 'react';
import { Button, TextInput } from '@mantine/core';
import { Loader, Scale, Square } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { errorRecord, type ErrorRecord } from '../../core/errors';
import type { Decision, FitInput } from '../../core/laws/decision';
import { DEFAULT_GOAL, type Goal } from '../../core/laws/recommend';
import { fitInputOf, measuredRuns, type SweepRecord } from '../../core/sweep/record';
import { lab, stopFits } from '../../lab/lab';
import { Banner, ErrorBanner } from '../../ui/Banner';
import { Card, EmptyState, Skeleton } from '../../ui/Card';
import { ChoiceField, NumberField } from '../../ui/fields';
import { FitPanel, RefusalLine } from './FitPanel';
import { Checks, Recommended } from './Recommended';
import styles from './Decide.module.css';

/** Fewer runs than this say nothing. */
const LEAST_RUNS = 3;
/** A goal that is being typed is not asked for at each key. */
const PAUSE_MS = 300;

interface Fitting {
  state: 'fitting' | 'ready' | 'stopped' | 'failed';
  /** The last that was found, with what it was found of. */
  found: { decision: Decision; input: FitInput } | null;
  error: ErrorRecord | null;
}

/** Asks anew when the runs or the goal change; the last answer stays until there is another. */
function useDecision(sweep: SweepRecord, goal: Goal): Fitting & { again: () => void } {
  const key = JSON.stringify(fitInputOf(sweep));
  const [asked, setAsked] = useState(0);
  const [fitting, setFitting] = useState<Fitting>({ state: 'fitting', found: null, error: null });
  useEffect(() => {
    const input = withInfinities(JSON.parse(key) as FitInput);
    if (input.runs.length < LEAST_RUNS) return;
    let current = true;
    const timer = setTimeout(() => {
      setFitting((before) => ({ ...before, state: 'fitting', error: null }));
      lab.laws.decide(input, goal).then(
        (decision) => current && setFitting({ state: 'ready', found: { decision, input }, error: null }),
        (thrown: unknown) => {
          const error = errorRecord(thrown);
          if (current) setFitting((before) => ({ ...before, state: error.code === 'cancelled' ? 'stopped' : 'failed', error }));
        },
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [key, goal, asked]);
  return { ...fitting, again: () => setAsked(asked + 1) };
}

/** JSON writes the loss of a run that broke as null. */
const withInfinities = (input: FitInput): FitInput => ({
  ...input,
  runs: input.runs.map((run) => ({
    ...run,
    losses: Object.fromEntries(Object.entries(run.losses).map(([id, loss]) => [id, (loss as number | null) ?? Infinity])),
  })),
});

export default function Decide({ sweep }: { sweep: SweepRecord }) {
  const { t } = useTranslation('laws');
  const [goal, setGoal] = useState<Goal>(DEFAULT_GOAL);
  const { state, found, error, again } = useDecision(sweep, goal);
  const count = useMemo(() => measuredRuns(sweep).length, [sweep]);
  if (count < LEAST_RUNS)
    return (
      <Card title={t('title')}>
        <EmptyState icon={Scale} title={t('empty')}>
          <p>{t('emptyText', { least: LEAST_RUNS, count })}</p>
        </EmptyState>
      </Card>
    );
  return (
    <div className={styles.page} data-testid="decide" data-state={state}>
      {state === 'fitting' && (
        <Banner tone="plain" icon={Loader}>
          <span>{t(found ? 'fittingAgain' : 'fitting')}</span>
          <Button size="compact-xs" variant="default" leftSection={<Square size={11} />} onClick={stopFits}>
            {t('stop')}
          </Button>
        </Banner>
      )}
      {state === 'stopped' && (
        <Banner tone="plain" icon={Square}>
          <span>{t('stopped')}</span>
          <Button size="compact-xs" variant="default" onClick={again}>
            {t('again')}
          </Button>
        </Banner>
      )}
      {state === 'failed' && <ErrorBanner error={error} onRetry={again} />}
      <Card title={t('title')} data-testid="recommendation">
        <p className={styles.note}>{t('lead')}</p>
        <GoalFields goal={goal} onChange={setGoal} />
        {!found && <Skeleton lines={5} />}
        {found?.decision.refusal && <RefusalLine refusal={found.decision.refusal} />}
        {found?.decision.recommendation && (
          <Recommended sweep={sweep} decision={found.decision} found={found.decision.recommendation} input={found.input} goal={goal} />
        )}
      </Card>
      {found && <Checks sweep={sweep} decision={found.decision} input={found.input} />}
      {found && <FitPanel sweep={sweep} input={found.input} decision={found.decision} />}
    </div>
  );
}

function GoalFields({ goal, onChange }: { goal: Goal; onChange: (goal: Goal) => void }) {
  const { t } = useTranslation('laws');
  const { tolerance } = goal;
  return (
    <div className={styles.goal} role="group" aria-label={t('goal.title')}>
      <ChoiceField
        label={t('goal.kind')}
        value={tolerance.kind}
        choices={['retention', 'loss']}
        words={(kind) => t(`goal.kinds.${kind}`)}
        onChange={(kind) => onChange({ ...goal, tolerance: kind === 'retention' ? DEFAULT_GOAL.tolerance : { kind, value: 0 } })}
      />
      {tolerance.kind === 'retention' ? (
        <NumberField
          label={t('goal.retention')}
          help={t('goal.retentionHelp')}
          value={tolerance.value}
          min={0}
          max={2}
          step={0.01}
          onChange={(value) => onChange({ ...goal, tolerance: { kind: 'retention', value } })}
        />
      ) : (
        <NumberField
          label={t('goal.loss')}
          help={t('goal.lossHelp')}
          value={Number((tolerance.value * 100).toFixed(4))}
          min={-50}
          max={100}
          step={0.5}
          onChange={(percent) => onChange({ ...goal, tolerance: { kind: 'loss', value: percent / 100 } })}
        />
      )}
      <OptionalNumber
        label={t('goal.worth')}
        help={t('goal.worthHelp')}
        value={goal.worth}
        none={t('goal.worthNone')}
        onChange={(worth) => onChange({ ...goal, worth })}
      />
      <OptionalNumber
        label={t('goal.tokens')}
        help={t('goal.tokensHelp')}
        value={goal.tokens}
        none={t('goal.tokensNone')}
        onChange={(tokens) => onChange({ ...goal, tokens })}
      />
      <OptionalNumber
        label={t('goal.unique')}
        help={t('goal.uniqueHelp')}
        value={goal.uniqueDomainTokens}
        none={t('goal.uniqueNone')}
        onChange={(uniqueDomainTokens) => onChange({ ...goal, uniqueDomainTokens })}
      />
    </div>
  );
}

interface OptionalNumberProps {
  label: string;
  help: string;
  value: number | null;
  /** What an empty field means. */
  none: string;
  onChange: (value: number | null) => void;
}

/** A number above 0, or nothing; thousands and millions may be written 131k, 2.5M. */
function OptionalNumber({ label, help, value, none, onChange }: OptionalNumberProps) {
  const { t } = useTranslation('laws');
  const [text, setText] = useState(value === null ? '' : String(value));
  const read = numberOf(text);
  return (
    <TextInput
      size="xs"
      label={label}
      description={help}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      placeholder={none}
      value={text}
      error={read === undefined ? t('goal.wrong') : undefined}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        const next = numberOf(typed);
        if (next !== undefined && next !== value) onChange(next);
      }}
    />
  );
}

const UNITS: Record<string, number> = { k: 1e3, m: 1e6, b: 1e9, 万: 1e4, 亿: 1e8 };

/** undefined: not a number above 0. */
function numberOf(text: string): number | null | undefined {
  const typed = text.trim().replace(/[\s,_]/g, '');
  if (typed === '') return null;
  const parts = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)([kmb万亿])?$/i.exec(typed);
  const value = parts ? Number(parts[1]) * (parts[2] ? UNITS[parts[2].toLowerCase()]! : 1) : NaN;
  return value > 0 && Number.isFinite(value) ? value : undefined;
}
