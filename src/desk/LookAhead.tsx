/** Look-ahead: a switch, and the held-out curves as the law of the run's dynamics draws them on, each with its interval. */
import { useEffect, useRef, useState } from 'react';
import { SegmentedControl, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { channelColour, useChannelTag } from '../channels/channel';
import { pathThrough } from '../charts/svg';
import type { LookAhead as Answer, LookAheadChannel, LookAheadKind } from '../contract/library';
import type { RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { lab } from '../lab/lab';
import { Card } from '../ui/Card';
import { NumberField } from '../ui/fields';
import { useRun } from './run-store';
import { SaveChart } from '../ui/SaveChart';
import styles from './AutomationView.module.css';

const WIDTH = 800;
const HEIGHT = 200;
const KINDS = ['as-planned', 'decay-now', 'hold'] as const;
/** Refusals that have words of their own. */
const REFUSALS = ['too-few', 'mixture-moved', 'no-variation'] as const;

type Drawn = LookAheadChannel & { colour: string };

/** @param kind which way the rate goes on */
function Curves({ answer, drawn, kind }: { answer: Answer; drawn: readonly Drawn[]; kind: LookAheadKind }) {
  const ahead = (one: Drawn) => one.ways?.[kind] ?? [];
  const values = drawn.flatMap((one) => [
    ...one.curve.map(({ loss }) => loss),
    ...ahead(one).flatMap(({ loss, low, high }) => [loss, low ?? loss, high ?? loss]),
  ]);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const end = Math.max(answer.steps, ...drawn.flatMap((one) => ahead(one).map(({ step }) => step)));
  const at = (step: number, loss: number) =>
    [(step / end) * WIDTH, HEIGHT - 6 - ((loss - least) / Math.max(1e-6, most - least)) * (HEIGHT - 12)] as const;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" className={styles.tall} aria-hidden>
      <path d={`M${(answer.step / end) * WIDTH} 2V${HEIGHT - 2}`} stroke="var(--line-strong)" vectorEffect="non-scaling-stroke" />
      {drawn.map((one) => {
        const points = ahead(one);
        const band = [
          ...points.map(({ step, loss, high }) => at(step, high ?? loss)),
          ...points.map(({ step, loss, low }) => at(step, low ?? loss)).reverse(),
        ];
        return (
          <g key={one.channel} stroke={one.colour} fill="none" strokeWidth="1.8">
            {band.length > 0 && <path d={`${pathThrough(band)}Z`} fill={one.colour} fillOpacity="0.15" stroke="none" />}
            <path d={pathThrough(one.curve.map(({ step, loss }) => at(step, loss)))} vectorEffect="non-scaling-stroke" />
            <path d={pathThrough(points.map(({ step, loss }) => at(step, loss)))} strokeDasharray="4 4" vectorEffect="non-scaling-stroke" />
          </g>
        );
      })}
    </svg>
  );
}

/** The answer for the run as it stands, asked for again after each evaluation, one question at a time; the last answer stays meanwhile. */
function useAnswer(run: RunView, on: boolean, more: number): { answer: Answer | null; busy: boolean } {
  const [known, setKnown] = useState<{ run: string; asked: string; said: Answer | null } | null>(null);
  const waiting = useRef(false);
  const { runId } = run;
  const asked = [runId, run.retentionSeries.x.at(-1) ?? 0, more].join(' ');
  const due = on && known?.asked !== asked;
  useEffect(() => {
    if (!due || waiting.current) return;
    waiting.current = true;
    const take = (said: Answer | null) => {
      waiting.current = false;
      setKnown({ run: runId, asked, said });
    };
    lab.library.lookAhead(runId, more).then(take, (error: unknown) => {
      useRun.getState().report(error);
      take(null);
    });
    // Asked again once the answer before is there.
  }, [due, known, runId, asked, more]);
  return { answer: known?.run === runId ? known.said : null, busy: due };
}

export default function LookAhead({ run }: { run: RunView }) {
  const { t } = useTranslation('recipe');
  const format = useFormat();
  const tag = useChannelTag();
  const [on, setOn] = useState(false);
  const [kind, setKind] = useState<LookAheadKind>('as-planned');
  const [more, setMore] = useState(Math.max(1, Math.round(run.steps / 4)));
  const { answer, busy } = useAnswer(run, on, more);
  const drawn = (answer?.channels ?? []).map((one): Drawn => {
    const corpus = run.recipe.channels.find(({ id }) => id === one.channel)?.corpus ?? one.channel;
    return { ...one, colour: channelColour(corpus) };
  });
  const told = drawn.some((one) => one.ways?.[kind]);
  const why = (one: Drawn): string => {
    if (!one.refusal) return t('lookAhead.noFall');
    const code = REFUSALS.find((known) => known === one.refusal!.code) ?? 'other';
    const { points = 0, needed = 0, moved = 0 } = one.refusal.values;
    return t(`lookAhead.refusal.${code}`, { points, needed, moved: format.percent(moved) });
  };
  return (
    <Card>
      <figure className={styles.figure} data-chart data-testid="look-ahead" aria-busy={busy}>
        <figcaption>
          <Switch size="xs" label={t('lookAhead.switch')} checked={on} onChange={(event) => setOn(event.currentTarget.checked)} />
          {on && <span>{busy && !answer ? t('lookAhead.busy') : t('lookAhead.help')}</span>}
        </figcaption>
        {on && answer && (
          <>
            <div className={styles.choices}>
              <SegmentedControl
                size="xs"
                aria-label={t('lookAhead.way')}
                value={kind}
                data={KINDS.map((value) => ({ value, label: t(`lookAhead.kind.${value}`) }))}
                onChange={setKind}
              />
              {kind !== 'as-planned' && <NumberField label={t('lookAhead.more')} value={more} min={1} integer onChange={setMore} />}
            </div>
            {told && (
              <SaveChart
                title={t('lookAhead.switch')}
                name="look-ahead"
                table={() => ({
                  columns: ['channel', 'part', 'step', 'loss', 'low', 'high'],
                  rows: drawn.flatMap(({ channel, curve, ways }) => [
                    ...curve.map(({ step, loss }) => [channel, 'measured', step, loss, null, null]),
                    ...(ways?.[kind] ?? []).map(({ step, loss, low, high }) => [channel, kind, step, loss, low, high]),
                  ]),
                })}
              />
            )}
            {told && <Curves answer={answer} drawn={drawn} kind={kind} />}
            <ul className={styles.legend}>
              {drawn.map((one) => {
                const end = one.ways?.[kind]?.at(-1);
                return (
                  <li key={one.channel}>
                    <i style={{ background: one.colour }} aria-hidden />
                    {tag(one.channel)}{' '}
                    {end ? (
                      <>
                        {t('lookAhead.atStep', { step: format.count(end.step) })} <b>{format.loss(end.loss)}</b>
                        {end.low !== null && end.high !== null && ` (${format.loss(end.low)} … ${format.loss(end.high)})`}
                      </>
                    ) : (
                      why(one)
                    )}
                  </li>
                );
              })}
            </ul>
            <p className={styles.score}>
              {answer.score.count === 0
                ? t('lookAhead.noScore')
                : t('lookAhead.score', {
                    total: format.count(answer.score.count),
                    within: format.count(answer.score.within),
                    error: format.decimal(answer.score.error, 3),
                  })}
            </p>
          </>
        )}
      </figure>
    </Card>
  );
}
