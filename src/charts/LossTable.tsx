/** The chart as a table, for reading without seeing: each channel's base, latest train and held-out loss, and the events. */
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Delta } from '../ui/Delta';
import type { LossLine } from './loss-lines';
import type { PlotEvent } from './LossPlot';
import styles from './LossChart.module.css';

interface Props {
  lines: readonly LossLine[];
  events: readonly PlotEvent[];
}

export function LossTable({ lines, events }: Props) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
  const [open, setOpen] = useState(false);
  const last = (points: LossLine['train']) => points.findLast(({ y }) => y !== null)?.y ?? null;
  return (
    <details className={styles.table} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('chart.table')}</summary>
      {open && (
        <div className={styles.scroll}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('channel')}</th>
                <th scope="col">{t('base')}</th>
                <th scope="col">{t('train')}</th>
                <th scope="col">{t('heldOut')}</th>
                <th scope="col">{t('delta')}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => {
                const heldOut = last(line.heldOut);
                return (
                  <tr key={line.id}>
                    <th scope="row" style={{ color: line.colour }}>
                      {line.id === 'total' ? common('total') : line.id}
                    </th>
                    <td>{format.loss(line.base)}</td>
                    <td>{format.loss(last(line.train))}</td>
                    <td>{format.loss(heldOut)}</td>
                    <td>
                      <Delta value={heldOut !== null && line.base !== null ? heldOut - line.base : null} />
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          {events.length > 0 && (
            <ul>
              {events.map(({ step, label }) => (
                <li key={`${step}-${label}`}>
                  {t('chart.step', { step: format.count(step) })}: {label}
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </details>
  );
}
