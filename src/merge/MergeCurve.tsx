/** Along the fader: change of each channel's held-out loss above, mean retention below, over λ. */
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { channelColour, useChannelTag } from '../channels/channel';
import { spreadLabels, textWidth } from '../charts/labels';
import { pathThrough } from '../charts/svg';
import { linearScale, outerTicks, roundTicks } from '../charts/ticks';
import { useFormat } from '../i18n/format';
import { bestOf, curveOf, FADER, isWhole, positionsAlong, useMerge, type MergePosition } from './store';
import { SaveChart } from '../ui/SaveChart';
import styles from './Merge.module.css';

const FONT = 12;
const EDGE = { left: 52, top: 28, bottom: 34, between: 40 };
const HEIGHTS = { loss: 170, retention: 96 };
const HEIGHT = EDGE.top + HEIGHTS.loss + EDGE.between + HEIGHTS.retention + EDGE.bottom;
/** A span of the axis that a tiny change does not fill. */
const LEAST_CHANGE = 0.01;

interface Line {
  id: string;
  name: string;
  colour: string;
  points: { factor: number; value: number; whole: boolean }[];
}

function useLines(positions: readonly MergePosition[], along: 0 | 1, whole: (position: MergePosition) => boolean): Line[] {
  const channels = useMerge((state) => state.subject?.channels) ?? [];
  const tag = useChannelTag();
  return channels.flatMap((channel): Line[] => {
    const points = positions.flatMap((position) => {
      const delta = position.measure.channels.find(({ id }) => id === channel.id)?.delta[1];
      return delta ? [{ factor: position.factors[along]!, value: delta.value, whole: whole(position) }] : [];
    });
    return points.length === 0 ? [] : [{ id: channel.id, name: tag(channel.id), colour: channelColour(channel.corpus), points }];
  });
}

export function MergeCurve({ letters }: { letters: boolean }) {
  const { t } = useTranslation('merge');
  const format = useFormat();
  const { ref, width } = useElementSize();
  const state = useMerge();
  const { along, factors, keep } = state;
  const positions = positionsAlong(state);
  const lines = useLines(positions, along, (position) => isWhole(state, position));
  const curve = curveOf(positions, along);
  const best = bestOf(state);
  const right = 12 + Math.max(...lines.map(({ name }) => textWidth(name, FONT)), 0);

  const x = linearScale([FADER.low, FADER.high], [EDGE.left, Math.max(EDGE.left + 1, width - right)]);
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value));
  const loss = outerTicks(Math.min(0, -LEAST_CHANGE, ...values), Math.max(0, LEAST_CHANGE, ...values), 4);
  const y = linearScale([loss.low, loss.high], [EDGE.top + HEIGHTS.loss, EDGE.top]);
  const top = EDGE.top + HEIGHTS.loss + EDGE.between;
  const kept = outerTicks(
    Math.min(keep, ...curve.map(({ retention }) => retention)),
    Math.max(1, ...curve.map(({ retention }) => retention)),
    2,
  );
  const yKept = linearScale([kept.low, kept.high], [top + HEIGHTS.retention, top]);
  const { ticks, digits } = roundTicks(FADER.low, FADER.high, width < 480 ? 4 : 8);
  const ends = lines.map(({ points }) => y(points.at(-1)!.value));
  const places = spreadLabels(ends, FONT + 2, EDGE.top, EDGE.top + HEIGHTS.loss);
  const bottom = HEIGHT - EDGE.bottom;
  const now = factors[along];
  return (
    <div ref={ref} className={styles.curve} data-chart data-testid="merge-curve" data-positions={positions.length}>
      <SaveChart
        title={t('curve', { count: positions.length })}
        name="merge-curve"
        table={() => ({
          columns: ['line', 'factor', 'value'],
          rows: [
            ...lines.flatMap(({ id, points }) => points.map(({ factor, value }) => [`loss change ${id}`, factor, value])),
            ...curve.map(({ factor, retention }) => ['retention', factor, retention]),
          ],
        })}
      />
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={t('curve', { count: positions.length })}>
          <text x={EDGE.left - 44} y={EDGE.top - 12} className={styles.axisTitle}>
            {t(letters ? 'axis.loss' : 'axis.lossBase')}
          </text>
          <text x={EDGE.left - 44} y={top - 12} className={styles.axisTitle}>
            {t('axis.retention')}
          </text>
          {loss.ticks.map((tick) => (
            <g key={tick} className={Math.abs(tick) < 1e-12 ? styles.zero : styles.grid}>
              <path d={`M${EDGE.left} ${y(tick)}H${x(FADER.high)}`} />
              <text x={EDGE.left - 7} y={y(tick) + 4} textAnchor="end">
                {format.decimal(tick, loss.digits)}
              </text>
            </g>
          ))}
          {kept.ticks.map((tick) => (
            <g key={tick} className={styles.grid}>
              <path d={`M${EDGE.left} ${yKept(tick)}H${x(FADER.high)}`} />
              <text x={EDGE.left - 7} y={yKept(tick) + 4} textAnchor="end">
                {format.decimal(tick, kept.digits)}
              </text>
            </g>
          ))}
          {ticks.map((tick) => (
            <g key={tick} className={tick === 0 || tick === 1 ? styles.zero : styles.grid}>
              <path d={`M${x(tick)} ${EDGE.top}V${EDGE.top + HEIGHTS.loss}M${x(tick)} ${top}V${bottom}`} />
              <text x={x(tick)} y={bottom + 15} textAnchor="middle">
                {format.decimal(tick, digits)}
              </text>
            </g>
          ))}
          <text x={(x(FADER.low) + x(FADER.high)) / 2} y={HEIGHT - 4} textAnchor="middle" className={styles.axisTitle}>
            λ
          </text>
          <path className={styles.wanted} d={`M${EDGE.left} ${yKept(keep)}H${x(FADER.high)}`} />
          <path className={styles.now} d={`M${x(now)} ${EDGE.top}V${bottom}`} />
          {best && <path className={styles.bestLine} d={`M${x(best.factor)} ${EDGE.top}V${bottom}`} />}
          {lines.map(({ id, name, colour, points }, at) => (
            <g key={id} data-channel={id}>
              <path
                className={styles.line}
                style={{ stroke: colour }}
                d={pathThrough(points.map(({ factor, value }) => [x(factor), y(value)]))}
              />
              {points.map(({ factor, value, whole }) => (
                <circle
                  key={factor}
                  cx={x(factor)}
                  cy={y(value)}
                  r={2.5}
                  className={styles.dot}
                  style={{ stroke: colour, fill: whole ? colour : 'var(--panel)' }}
                />
              ))}
              <text x={x(points.at(-1)!.factor) + 6} y={places[at]! + 4} style={{ fill: colour }} className={styles.lineName}>
                {name}
              </text>
            </g>
          ))}
          <path className={styles.retention} d={pathThrough(curve.map(({ factor, retention }) => [x(factor), yKept(retention)]))} />
          {best && <circle className={styles.bestDot} cx={x(best.factor)} cy={yKept(best.retention)} r={4.5} />}
        </svg>
      )}
      <p className={styles.legend}>{t(best ? 'legendBest' : 'legend')}</p>
    </div>
  );
}
