/** Losses and bits per byte by channel, as a table and as a diverging chart of the changes. */
import { linearScale, outerTicks } from '../../charts/ticks';
import type { Estimate } from '../../core/metrics/text-measure';
import { Gauge } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { channelColour, ChannelTag } from '../../channels/channel';
import { useFormat } from '../../i18n/format';
import { Card, EmptyState } from '../../ui/Card';
import { Delta } from '../../ui/Figure';
import { differences, unclear, type ComparisonSummary } from '../figures';
import { Estimated, Letter } from '../../ui/marks';
import { TextChoice } from '../MeasureControl';
import { useFigures } from '../measures';
import { useComparedName } from '../sources';
import { ChannelTable } from './ChannelTable';
import { SaveChart } from '../../ui/SaveChart';
import styles from './ChannelsSection.module.css';

/** The axis of the diverging chart: zero is on it, every bar and whisker fits, ticks are round. */
interface DeltaScale {
  low: number;
  high: number;
  /** Ascending, zero among them. */
  ticks: number[];
  /** Digits after the point that tell the ticks apart. */
  digits: number;
  /** 0 to 1 from left to right. */
  share(value: number): number;
}

/** The least span, so that a tiny difference does not fill the whole width. */
const LEAST_SPAN = 0.02;
const STEPS = 5;
/** Each side has at least this part of the other, so that better and worse both have a place. */
const OTHER_SIDE = 0.2;

export function deltaScale(estimates: readonly Estimate[]): DeltaScale {
  const ends = estimates.flatMap(({ value, interval }) => [value, ...(interval ? [interval.low, interval.high] : [])]);
  const left = Math.max(0, ...ends.map((end) => -end));
  const right = Math.max(0, ...ends);
  const least = Math.max(LEAST_SPAN / 2, OTHER_SIDE * Math.max(left, right));
  const axis = outerTicks(-Math.max(left, least), Math.max(right, least), STEPS);
  return { ...axis, share: linearScale([axis.low, axis.high], [0, 1]) };
}

/** Heights of a row with one bar and with two, and of the bars with their middles: pixels. */
const ROW = { one: 40, two: 54 };
const BARS = { alone: { middle: 20, height: 16 }, above: { middle: 20, height: 14 }, third: { middle: 37, height: 6 } };

/** Change of each channel's loss against A: bars to the left are better, to the right worse; whiskers are 95 % intervals. */
function DeltaChart({ summary }: { summary: ComparisonSummary }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const comparedName = useComparedName();
  const { unit, of } = differences(summary);
  const rows = summary.rows.map((row) => ({ row, b: of(row, 1), c: of(row, 2) }));
  const scale = deltaScale(rows.flatMap(({ b, c }) => [b, c].filter((estimate) => estimate !== null)));
  return (
    <Card title={t(`chart.${unit}`)} data-testid="delta-chart">
      <figure className={styles.chart} data-chart aria-label={t(`chart.${unit}`)}>
        <SaveChart
          title={t(`chart.${unit}`)}
          name={`compare-${unit}`}
          table={() => ({
            columns: ['channel', 'model', 'delta', 'low', 'high'],
            rows: rows.flatMap(({ row, b, c }) =>
              Object.entries({ b, c }).flatMap(([model, estimate]) =>
                estimate ? [[row.channel.id, model, estimate.value, estimate.interval?.low ?? null, estimate.interval?.high ?? null]] : [],
              ),
            ),
          })}
        />
        <div className={styles.ends} aria-hidden>
          <span>{t('chart.better')}</span>
          <span>{t('chart.worse')}</span>
        </div>
        {rows.map(({ row: { channel }, b, c }) => (
          <div key={channel.id} className={styles.row} data-channel={channel.id}>
            <span className={styles.name}>
              <ChannelTag id={comparedName(channel).tag} corpus={channel.corpus} />
            </span>
            <svg className={styles.plot} width="100%" height={c ? ROW.two : ROW.one} aria-hidden>
              <Grid scale={scale} />
              {b && <Bar estimate={b} scale={scale} colour={channelColour(channel.corpus)} {...(c ? BARS.above : BARS.alone)} />}
              {c && <Bar estimate={c} scale={scale} colour={channelColour(channel.corpus)} faint {...BARS.third} />}
            </svg>
            <span className={styles.values}>
              {b && <Value letter={c !== null} place="b" estimate={b} />}
              {c && <Value letter place="c" estimate={c} />}
            </span>
          </div>
        ))}
        <div className={styles.row} aria-hidden>
          <span className={styles.name} />
          <svg className={styles.plot} width="100%" height={18}>
            {scale.ticks.map((tick) => (
              <text key={tick} x={percent(scale.share(tick))} y={13} textAnchor="middle" className={styles.tick}>
                {format.decimal(tick, scale.digits)}
              </text>
            ))}
          </svg>
          <span className={styles.values} />
        </div>
      </figure>
    </Card>
  );
}

function Value({ letter, place, estimate }: { letter: boolean; place: 'b' | 'c'; estimate: Estimate }) {
  return (
    <span className={styles.value}>
      {letter && <Letter place={place} size="small" />}
      <Estimated estimate={estimate}>
        <Delta value={estimate.value} unclear={unclear(estimate)} />
      </Estimated>
    </span>
  );
}

const percent = (share: number) => `${(share * 100).toFixed(2)}%`;

function Grid({ scale }: { scale: DeltaScale }) {
  return scale.ticks.map((tick) => {
    const x = percent(scale.share(tick));
    return <line key={tick} x1={x} x2={x} y1="0" y2="100%" className={Math.abs(tick) < 1e-12 ? styles.zero : styles.line} />;
  });
}

interface BarProps {
  estimate: Estimate;
  scale: DeltaScale;
  colour: string;
  middle: number;
  height: number;
  faint?: boolean;
}

function Bar({ estimate: { value, interval }, scale, colour, middle, height, faint = false }: BarProps) {
  const [from, to] = [scale.share(Math.min(0, value)), scale.share(Math.max(0, value))];
  const cap = height / 4 + 1;
  return (
    <g>
      <rect
        x={percent(from)}
        y={middle - height / 2}
        width={percent(to - from)}
        height={height}
        rx={2}
        style={{ fill: colour }}
        opacity={faint ? 0.5 : 1}
      />
      {interval && (
        <g className={styles.whisker}>
          <line x1={percent(scale.share(interval.low))} x2={percent(scale.share(interval.high))} y1={middle} y2={middle} />
          {[interval.low, interval.high].map((end, at) => (
            <line key={at} x1={percent(scale.share(end))} x2={percent(scale.share(end))} y1={middle - cap} y2={middle + cap} />
          ))}
        </g>
      )}
    </g>
  );
}

/** Which channels are measured on how much text, and what came out: a chart of the changes, and all figures in a table. */
export default function ChannelsSection() {
  const { t } = useTranslation('compare');
  const comparedName = useComparedName();
  const figures = useFigures();
  const tooFew = figures?.measured ? figures.summary.rows.filter(({ documents }) => documents < 2) : [];
  return (
    <>
      <TextChoice />
      {figures && figures.summary.rows.length > 0 ? (
        <>
          {!figures.summary.comparable.every(Boolean) && <p className={styles.warning}>{t('measure.vocabulary')}</p>}
          {tooFew.length > 0 && (
            <p className={styles.warning}>
              {t('measure.tooFew', { channels: tooFew.map(({ channel }) => comparedName(channel).name).join(t('retention.comma')) })}
            </p>
          )}
          <DeltaChart summary={figures.summary} />
          <Card title={t('measure.title')}>
            <ChannelTable summary={figures.summary} />
          </Card>
        </>
      ) : (
        <Card title={t('measure.title')}>
          <EmptyState icon={Gauge} title={t('measure.empty')}>
            <p>{t(figures ? 'measure.nothing' : 'measure.emptyText')}</p>
          </EmptyState>
        </Card>
      )}
    </>
  );
}
