/**
 * The learning-rate range test: one run whose rate rises from step to step (Smith, 1506.01186), its loss against the rate, and the range that it
 * suggests for a sweep. Nothing of the run is kept.
 */
import { useState } from 'react';
import { Button, Progress } from '@mantine/core';
import { ChartLine, Check, CircleStop, Play } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Picture } from '../charts/Picture';
import { SCREEN } from '../charts/paper';
import { el, horizontal, label, pathThrough, type SvgNode } from '../charts/svg';
import { linearScale, roundTicks } from '../charts/ticks';
import type { RangeTestResult } from '../contract/sweep';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { stepTokens } from '../core/recipe/before-run';
import { smoothedLosses } from '../core/sweep/schema';
import type { Recipe } from '../core/recipe/schema';
import { useFormat } from '../i18n/format';
import { openDevice } from '../lab/device-store';
import { lab } from '../lab/lab';
import { ErrorBanner } from '../ui/Banner';
import { NumberField } from '../ui/fields';
import { suggestRates } from './plan-draft';
import { SaveChart } from '../ui/SaveChart';
import styles from './Sweeps.module.css';

export default function RangeTest({ base, onSpeeds }: { base: Recipe; onSpeeds: (tokensPerSecond: number[]) => void }) {
  const { t } = useTranslation('sweeps');
  const { t: common } = useTranslation();
  const format = useFormat();
  const [opened, setOpened] = useState(false);
  const [test, setTest] = useState({ low: 1e-6, high: 1, steps: 60 });
  const [done, setDone] = useState<number | null>(null);
  const [measured, setMeasured] = useState<RangeTestResult | null>(null);
  const [error, setError] = useState<ErrorRecord | null>(null);
  const range = measured?.range ?? null;
  const run = async () => {
    setDone(0);
    setError(null);
    const looks: { step: number; at: number }[] = [];
    try {
      await openDevice();
      const found = await lab.trainer.rangeTest(base, test, (progress) => {
        if (progress.phase !== 'train') return;
        looks.push({ step: progress.done, at: performance.now() });
        setDone(progress.done / Math.max(1, progress.total));
      });
      setMeasured(found);
      const [first, last] = [looks[0], looks.at(-1)];
      if (first && last && last.step > first.step) onSpeeds([(stepTokens(base) * (last.step - first.step) * 1000) / (last.at - first.at)]);
    } catch (reason) {
      const record = errorRecord(reason);
      if (record.code !== 'cancelled') setError(record);
    } finally {
      setDone(null);
    }
  };
  const number = (key: 'low' | 'high' | 'steps', min: number, max: number) => (
    <NumberField
      label={t(`range.${key}`)}
      value={test[key]}
      min={min}
      max={max}
      integer={key === 'steps'}
      step={key === 'steps' ? 1 : min}
      onChange={(value) => setTest({ ...test, [key]: value })}
    />
  );
  return (
    <div className={styles.rangeTest}>
      <Button size="xs" variant="subtle" leftSection={<ChartLine size={14} />} aria-expanded={opened} onClick={() => setOpened(!opened)}>
        {t('range.open')}
      </Button>
      {opened && (
        <div className={styles.column} data-testid="range-test">
          <p className={styles.note}>{t('range.lead')}</p>
          <div className={styles.fields}>
            {number('low', 1e-9, 1)}
            {number('high', 1e-9, 1)}
            {number('steps', 10, 2000)}
          </div>
          {error && <ErrorBanner error={error} onDismiss={() => setError(null)} />}
          <div className={styles.buttons}>
            <Button
              size="xs"
              leftSection={<Play size={13} />}
              loading={done !== null}
              disabled={test.high <= test.low}
              onClick={() => void run()}
            >
              {t('range.run')}
            </Button>
            {done !== null && (
              <Button size="xs" variant="default" leftSection={<CircleStop size={13} />} onClick={() => void lab.trainer.cancel()}>
                {common('cancel')}
              </Button>
            )}
          </div>
          {done !== null && <Progress value={done * 100} size={4} radius={9} className={styles.track ?? ''} aria-label={t('range.run')} />}
          {measured && (
            <>
              <RangeChart measured={measured} words={t('range.chart')} />
              <p>
                {range
                  ? `${t('range.suggested', { low: format.lr(range.from), high: format.lr(range.to) })} ${t('range.steepest', { rate: format.lr(range.steepest) })} ${range.breaks === null ? t('range.holds') : t('range.breaks', { rate: format.lr(range.breaks) })}`
                  : t('range.none')}
              </p>
              {range && (
                <div className={styles.buttons}>
                  <Button size="xs" variant="light" leftSection={<Check size={13} />} onClick={() => suggestRates(range.from, range.to)}>
                    {t('range.use')}
                  </Button>
                </div>
              )}
            </>
          )}
        </div>
      )}
    </div>
  );
}

const SIZE = { width: 640, height: 230, left: 44, right: 12, top: 10, bottom: 34 } as const;

/** Loss against ln η, with the suggested range as a band; what is far above the first loss is cut off. */
function RangeChart({ measured: { rates, losses, range }, words }: { measured: RangeTestResult; words: string }) {
  const first = losses[0] ?? 1;
  const low = Math.min(...losses, first);
  const high = Math.max(first + (first - low) * 0.5, first * 1.05);
  const x = linearScale([Math.log(rates[0]!), Math.log(rates.at(-1)!)], [SIZE.left, SIZE.width - SIZE.right]);
  const y = linearScale([low, high], [SIZE.height - SIZE.bottom, SIZE.top]);
  // A range may begin below the rates that were tried.
  const at = (rate: number) => x(Math.log(Math.min(rates.at(-1)!, Math.max(rates[0]!, rate))));
  const { ticks, digits } = roundTicks(low, high, 5);
  const powers = Array.from({ length: 20 }, (_, power) => 10 ** -power).filter(
    (rate) => rate >= rates[0]! * 0.999 && rate <= rates.at(-1)! * 1.001,
  );
  const smoothed = smoothedLosses(losses).map((loss, step): [number, number] => [at(rates[step]!), y(Math.min(loss, high))]);
  const points = losses.map((loss, step): [number, number] => [at(rates[step]!), y(Math.min(loss, high))]);
  const line = (rate: number, stroke: string): SvgNode =>
    el('line', { x1: at(rate), x2: at(rate), y1: SIZE.top, y2: SIZE.height - SIZE.bottom, stroke, 'stroke-dasharray': '4 3' });
  const picture = el(
    'svg',
    { class: styles.chart, viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: 'img', 'aria-label': words },
    range &&
      el('rect', {
        ...{
          x: at(range.from),
          width: Math.max(1, at(range.to) - at(range.from)),
          y: SIZE.top,
          height: SIZE.height - SIZE.top - SIZE.bottom,
        },
        ...{ fill: 'var(--accent)', 'fill-opacity': 0.14 },
      }),
    ticks.map((tick) => [
      horizontal(SIZE.left, SIZE.width - SIZE.right, y(tick), SCREEN.grid),
      label(SIZE.left - 6, y(tick) + 4, tick.toFixed(digits), { colour: SCREEN.dim, anchor: 'end' }),
    ]),
    powers.map((rate) =>
      label(Math.min(at(rate), SIZE.width - SIZE.right - 10), SIZE.height - SIZE.bottom + 15, rate === 1 ? '1' : rate.toExponential(0), {
        colour: SCREEN.dim,
        anchor: 'middle',
      }),
    ),
    range && line(range.steepest, 'var(--accent)'),
    range && range.breaks !== null && line(range.breaks, SCREEN.bad),
    el('path', { d: pathThrough(points), fill: 'none', stroke: 'var(--channel-total)', 'stroke-width': 1.2, 'stroke-opacity': 0.45 }),
    el('path', { d: pathThrough(smoothed), fill: 'none', stroke: 'var(--channel-total)', 'stroke-width': 2, 'stroke-linejoin': 'round' }),
  );
  return (
    <div data-chart>
      <SaveChart
        title={words}
        name="range-test"
        table={() => ({ columns: ['learning_rate', 'loss'], rows: rates.map((rate, at) => [rate, losses[at] ?? null]) })}
      />
      <Picture picture={picture} />
    </div>
  );
}
