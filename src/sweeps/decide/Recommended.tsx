/**
 * What is recommended, with what it is expected to give, the trade of gain against retention, and the check: the recommendation is trained as
 * a run that no fit reads, and prediction stands beside measurement.
 */
import { useState } from 'react';
import { Button } from '@mantine/core';
import { FlaskConical, SlidersVertical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ChannelTag, channelColour, useChannelTag } from '../../channels/channel';
import type { Decision, FitInput } from '../../core/laws/decision';
import type { Goal, Recommendation } from '../../core/laws/recommend';
import type { Estimate, Response } from '../../core/laws/responses';
import { GOLDEN_RATIO } from '../../core/mixture/mixture';
import { diffRecipes } from '../../core/recipe/diff';
import { recipeOf, recommendedSetting } from '../../core/sweep/plan';
import { predictionScore, type SweepRecord, type SweepRun } from '../../core/sweep/record';
import { useFormat } from '../../i18n/format';
import { handToDesk } from '../../lab/desk-recipes';
import { lab } from '../../lab/lab';
import { ErrorBanner } from '../../ui/Banner';
import { Card } from '../../ui/Card';
import { useSweeps } from '../store';
import { corpusOf, Findings } from './FitPanel';
import { PlotFigure, type Plot } from './PlotFigure';
import { useEstimate, useFigure, useLawWords, useShare } from './words';
import styles from './Decide.module.css';

interface Props {
  sweep: SweepRecord;
  decision: Decision;
  found: Recommendation;
  input: FitInput;
  goal: Goal;
}

export function Recommended({ sweep, decision, found, input, goal }: Props) {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const tag = useChannelTag();
  const estimate = useEstimate();
  const share = useShare();
  const figure = useFigure();
  const words = useLawWords();
  const { critical, mixture, golden, proxy, repeats } = found;
  const leftOut = decision.leftOut
    .map(({ setting, general }) => `${format.percent(setting)}: ${format.decimal(general, 4)}`)
    .join(t('list'));
  const range = decision.byForm.flatMap(({ general }) => (general ? [general.value] : []));
  return (
    <>
      <dl className={styles.figures}>
        <Item name={t('out.share')} value={share(found.share)}>
          {mixture &&
            Object.entries(mixture)
              .map(([id, value]) => `${tag(id)} ${format.percent(value)}`)
              .join(' · ')}
        </Item>
        <Item name={t('out.critical')} value={estimate(critical?.general ?? null, 4)} testid="critical">
          {critical && t('out.criticalText', { domain: share(critical.domain) })}
          {range.length > 1 && (
            <>
              {' '}
              {t('out.byForm', {
                forms: decision.byForm
                  .flatMap(({ law, general }) => (general ? [`${t(`law.${law as 'dcpt'}.name`)} ${format.decimal(general.value, 4)}`] : []))
                  .join(t('list')),
              })}
            </>
          )}
          {decision.leftOut.length > 0 && ` ${t('out.leftOut', { settings: leftOut })}`}
          {decision.atBase && goal.tolerance.kind === 'retention' && ` ${t('out.atBase', { general: estimate(decision.atBase, 4) })}`}
        </Item>
        <Item name={t('out.rate')} value={rateText(found.rate, figure, t('out.asHeld'))}>
          <ResponseNote response={found.rate} />
        </Item>
        <Item name={t('out.warmup')} value={found.warmup.best ? share(found.warmup.best) : t('out.asHeld')}>
          <ResponseNote response={found.warmup} />
        </Item>
        <Item name={t('out.retention')} value={estimate(found.retention)}>
          {t('out.retentionText')}
        </Item>
        <Item name={t('out.gain')} value={estimate(found.gain)}>
          {t('out.gainText')}
        </Item>
        <Item name={t('out.golden')} value={golden.distance === null ? '—' : signed(golden.distance, format.decimal)}>
          {t(`golden.${golden.reason}`, {
            ratio: format.percent(GOLDEN_RATIO),
            retention: format.retention(golden.retention),
            gain: format.delta(golden.gain),
          })}
        </Item>
        {repeats && (
          <Item name={t('out.repeats')} value={t('out.epochs', { epochs: format.decimal(repeats.epochs, 1) })}>
            {t('out.repeatsText', { tokens: format.compact(repeats.effective) })}
          </Item>
        )}
      </dl>
      <Predicted sweep={sweep} prediction={decision.prediction} base={input.base} />
      <p className={styles.lesson} data-testid="proxy">
        {proxy.size === null
          ? t('proxy.unknown')
          : t(`proxy.${proxy.worth}`, { size: format.compact(proxy.size), correlation: proxy.correlation })}{' '}
        {t(proxy.sizes > 1 ? 'proxy.sizes' : 'proxy.oneSize', { sizes: proxy.sizes })}
      </p>
      <Findings findings={found.findings} title={t('out.mind')} />
      {found.rate.refusal && found.rate.refusal.code !== 'too-few' && <p className={styles.note}>{words.refusal(found.rate.refusal)}</p>}
      <Take sweep={sweep} decision={decision} found={found} goal={goal} />
      <Trade sweep={sweep} found={found} input={input} goal={goal} />
    </>
  );
}

function Item({ name, value, testid, children }: { name: string; value: string; testid?: string; children?: React.ReactNode }) {
  return (
    <div data-testid={testid}>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        <small>{children}</small>
      </dd>
    </div>
  );
}

const signed = (distance: number, decimal: (value: number, digits: number) => string): string =>
  `${distance < 0 ? '−' : '+'}${decimal(100 * Math.abs(distance), 1)} %`;

const rateText = ({ best }: Response, figure: (value: number) => string, none: string): string =>
  best === null ? none : `${figure(best.value)}${best.interval ? ` [${figure(best.interval.low)}, ${figure(best.interval.high)}]` : ''}`;

function ResponseNote({ response: { best, limitedBy, edge, refusal, findings } }: { response: Response }) {
  const { t } = useTranslation('laws');
  const figure = useFigure();
  const words = useLawWords();
  return [
    ...(best && limitedBy ? [t(`limited.${limitedBy}`)] : []),
    ...(refusal ? [words.refusal(refusal)] : []),
    ...(edge ? [t('out.edge', { holds: figure(edge.holds), breaks: figure(edge.breaks) })] : []),
    ...findings.filter(({ code }) => code === 'flat-response' || code === 'at-edge').map(words.finding),
  ].join(' ');
}

function Predicted({ sweep, prediction, base }: { sweep: SweepRecord; prediction: Record<string, Estimate>; base: FitInput['base'] }) {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const tag = useChannelTag();
  const rows = Object.entries(prediction);
  if (rows.length === 0) return null;
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('predicted.title')}>
      <table className={styles.table} data-testid="predicted">
        <caption>{t('predicted.title')}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('fits.channel')}
            </th>
            <th scope="col">{t('predicted.base')}</th>
            <th scope="col">{t('predicted.loss')}</th>
            <th scope="col">{t('fits.interval')}</th>
            <th scope="col">{t('predicted.change')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([channel, { value, interval }]) => (
            <tr key={channel}>
              <th scope="row" className={styles.first}>
                <ChannelTag id={tag(channel)} corpus={corpusOf(sweep, channel)} />
              </th>
              <td>{format.decimal(base[channel] ?? null, 4)}</td>
              <td>{format.decimal(value, 4)}</td>
              <td>{interval ? format.interval(interval, 4) : '—'}</td>
              <td>{base[channel] === undefined ? '—' : format.delta(value - base[channel])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The recommendation on the desk, or as a run of this sweep that checks it. */
function Take({ sweep, decision, found, goal }: Omit<Props, 'input'>) {
  const { t } = useTranslation('laws');
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const { take, join } = useSweeps.getState();
  const { plan } = sweep;
  if (!plan) return <p className={styles.note}>{t('take.table')}</p>;
  if (!found.mixture) return null;
  const mixture = found.mixture;
  /** @throws StudioError `sweep-invalid` of a budget under one step */
  const settingOf = () =>
    recommendedSetting(plan, {
      mixture,
      lr: found.rate.best?.value ?? null,
      warmup: found.warmup.best?.value ?? null,
      tokens: goal.tokens,
    });
  const desk = () => {
    const recipe = recipeOf(plan, settingOf(), plan.base.seed);
    handToDesk({ recipe, changes: diffRecipes(plan.base, recipe) });
    navigate('/desk');
  };
  // A seed that no run of the plan has: a mixture that was trained before is measured anew.
  const seed = Math.max(...sweep.runs.map((run) => run.seed)) + 1;
  const prove = async () => {
    setBusy(true);
    setError(null);
    try {
      const prediction = { madeAt: Date.now(), losses: decision.prediction };
      take(await lab.library.editSweep(sweep.id, { kind: 'add', setting: settingOf(), seeds: [seed], prediction }));
      await join(sweep.id);
    } catch (thrown) {
      setError(thrown);
    }
    setBusy(false);
  };
  const act = (work: () => void) => {
    try {
      work();
    } catch (thrown) {
      setError(thrown);
    }
  };
  return (
    <>
      <div className={styles.buttons}>
        <Button size="xs" variant="default" leftSection={<SlidersVertical size={14} />} onClick={() => act(desk)}>
          {t('take.desk')}
        </Button>
        <Button size="xs" leftSection={<FlaskConical size={14} />} loading={busy} onClick={() => void prove()} data-testid="prove">
          {t('take.prove')}
        </Button>
      </div>
      <p className={styles.note}>{t('take.proveText')}</p>
      {error !== null && <ErrorBanner error={error} onDismiss={() => setError(null)} />}
    </>
  );
}

/** Gain against retention: measured runs, what the laws say between them, and the front of both. */
function Trade({ sweep, found, input, goal }: Omit<Props, 'decision'>) {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const { measured, predicted, front } = found.trade;
  const name = (gain: number, retention: number, share: number) =>
    t('trade.point', { gain: format.delta(gain), retention: format.retention(retention), share: format.percent(share) });
  const plot: Plot = {
    title: t('trade.title'),
    xTitle: t('trade.x'),
    yTitle: t('trade.y'),
    lines: [
      { colour: 'dim', x: predicted.map(({ gain }) => gain), y: predicted.map(({ retention }) => retention) },
      { colour: 'accent', dash: '6 4', x: front.map(({ gain }) => gain), y: front.map(({ retention }) => retention) },
    ],
    dots: [
      ...measured.map(({ run, gain, retention, share }) => ({
        ...{ x: gain, y: retention, colour: 'ink', hollow: run !== null && input.runs[run]!.heldOut },
        name: `${(run !== null && input.runs[run]!.name) || (run ?? 0) + 1}: ${name(gain, retention, share)}`,
      })),
      ...(found.gain && found.retention && found.share
        ? [
            {
              ...{ x: found.gain.value, y: found.retention.value, colour: 'accent', chosen: true },
              ...{ across: found.gain.interval, up: found.retention.interval },
              name: `${t('axis.recommended')}: ${name(found.gain.value, found.retention.value, found.share.value)}`,
            },
          ]
        : []),
    ],
    levels: goal.tolerance.kind === 'retention' ? [{ y: goal.tolerance.value, name: t('trade.line') }] : [],
    xTick: format.decimal,
    yTick: format.decimal,
    legend: t('trade.legend'),
  };
  return <PlotFigure plot={plot} name={`${sweep.name}-${t('trade.file')}`} />;
}

interface CheckRow {
  name: string;
  state: SweepRun['state'];
  channels: { channel: string; predicted: Estimate; measured: number | null }[];
}

/** Predictions that were made of this sweep's runs before they were trained; of a table, of the runs that it keeps back. */
function checkRows({ runs }: SweepRecord, decision: Decision, input: FitInput): CheckRow[] {
  const made = runs.flatMap(({ prediction, result, index, state }): CheckRow[] =>
    prediction
      ? [
          {
            ...{ name: `#${index + 1}`, state },
            channels: Object.entries(prediction.losses).map(([channel, predicted]) => {
              return { channel, predicted, measured: state === 'finished' ? (result?.losses[channel] ?? null) : null };
            }),
          },
        ]
      : [],
  );
  const kept = runs.some(({ prediction }) => prediction) ? [] : decision.checks;
  return [
    ...made,
    ...kept.map(({ run, channels }): CheckRow => ({ name: input.runs[run]!.name ?? `#${run + 1}`, state: 'finished', channels })),
  ];
}

const inside = ({ predicted: { interval }, measured }: CheckRow['channels'][number]): boolean | null =>
  measured === null || !interval ? null : measured >= interval.low && measured <= interval.high;

export function Checks({ sweep, decision, input }: { sweep: SweepRecord; decision: Decision; input: FitInput }) {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const tag = useChannelTag();
  const sweeps = useSweeps((state) => state.sweeps);
  const rows = checkRows(sweep, decision, input);
  const score = predictionScore(sweeps.some(({ id }) => id === sweep.id) ? sweeps : [sweep, ...sweeps]);
  if (rows.length === 0 && !score) return null;
  const all = rows.flatMap(({ name, channels }) => channels.map((one) => ({ name, ...one })));
  const done = all.flatMap((one) => (one.measured === null ? [] : [{ ...one, measured: one.measured }]));
  const ends = done.flatMap(({ predicted, measured }) => [predicted.value, measured]);
  const plot: Plot = {
    title: t('check.plot'),
    xTitle: t('check.measured'),
    yTitle: t('check.predicted'),
    lines: [{ colour: 'dim', dash: '4 4', x: [Math.min(...ends), Math.max(...ends)], y: [Math.min(...ends), Math.max(...ends)] }],
    dots: done.map(({ name, channel, predicted, measured }) => ({
      ...{ x: measured, y: predicted.value, up: predicted.interval, colour: channelColour(corpusOf(sweep, channel)), hollow: true },
      name: `${name}, ${tag(channel)}: ${format.decimal(predicted.value, 4)} / ${format.decimal(measured, 4)}`,
    })),
    xTick: format.decimal,
    yTick: format.decimal,
    legend: t('check.legend'),
  };
  return (
    <Card title={t('check.title')} data-testid="checks">
      {score && (
        <p role="status" data-testid="prediction-score">
          {t('check.score', {
            count: score.runs,
            within: format.count(score.within),
            judged: format.count(score.judged),
            error: format.decimal(score.error, 4),
          })}
        </p>
      )}
      {rows.length > 0 && (
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('check.title')}>
          <table className={styles.table}>
            <caption>{t('check.caption')}</caption>
            <thead>
              <tr>
                <th scope="col" className={styles.first}>
                  {t('check.run')}
                </th>
                <th scope="col">{t('fits.channel')}</th>
                <th scope="col">{t('check.predicted')}</th>
                <th scope="col">{t('fits.interval')}</th>
                <th scope="col">{t('check.measured')}</th>
                <th scope="col">{t('check.error')}</th>
                <th scope="col">{t('check.inside')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.flatMap((row) =>
                row.channels.map((one) => (
                  <tr key={`${row.name} ${one.channel}`}>
                    <th scope="row" className={styles.first}>
                      {row.name}
                    </th>
                    <td>
                      <ChannelTag id={tag(one.channel)} corpus={corpusOf(sweep, one.channel)} />
                    </td>
                    <td>{format.decimal(one.predicted.value, 4)}</td>
                    <td>{one.predicted.interval ? format.interval(one.predicted.interval, 4) : '—'}</td>
                    <td>{one.measured === null ? t(`check.state.${row.state}`) : format.decimal(one.measured, 4)}</td>
                    <td>{one.measured === null ? '—' : format.decimal(one.predicted.value - one.measured, 4)}</td>
                    <td data-inside={inside(one) ?? undefined}>{inside(one) === null ? '—' : t(inside(one) ? 'check.yes' : 'check.no')}</td>
                  </tr>
                )),
              )}
            </tbody>
          </table>
        </div>
      )}
      {done.length > 0 && <PlotFigure plot={plot} name={`${sweep.name}-${t('check.file')}`} />}
    </Card>
  );
}
