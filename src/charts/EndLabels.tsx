/** Name and value at the end of each line, moved apart where lines end close together. */
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { useChannelTag } from '../channels/channel-name';
import { lineEnd, spreadLabels, type LossLine } from './loss-lines';
import { PLOT, plotX, plotY, type PlotFrame } from './plot-frame';
import styles from './LossChart.module.css';

const GAP = 15;

export const EndLabels = memo(function EndLabels({ frame, lines }: { frame: PlotFrame; lines: readonly LossLine[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const tag = useChannelTag();
  const ends = lines.flatMap((line) => {
    const end = lineEnd(line);
    return end ? [{ line, ...end }] : [];
  });
  const places = spreadLabels(
    ends.map(({ y }) => plotY(frame, y)),
    GAP,
    PLOT.top,
    frame.height - PLOT.bottom,
  );
  return (
    <div className={styles.layer} aria-hidden>
      {ends.map(({ line, x, y }, at) => (
        <span
          key={line.id}
          className={styles.end}
          style={{ transform: `translate(${plotX(frame, x) + 5}px, calc(${places[at]}px - 50%))`, color: line.colour }}
        >
          {line.id === 'total' ? t('total') : tag(line.id)} <b>{format.decimal(y, 2)}</b>
        </span>
      ))}
    </div>
  );
});
