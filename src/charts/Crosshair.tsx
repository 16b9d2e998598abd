/** The step under the pointer and every line's values there. Draws itself alone: the curves below stay as they are. */
import { memo, useState, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { valueAt, type LossLine } from './loss-lines';
import { PLOT, plotX, stepAt, type PlotFrame } from './plot-frame';
import styles from './LossChart.module.css';

export const Crosshair = memo(function Crosshair({ frame, lines }: { frame: PlotFrame; lines: readonly LossLine[] }) {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
  const [step, setStep] = useState<number | null>(null);
  const follow = (event: PointerEvent<HTMLDivElement>) =>
    setStep(stepAt(frame, event.clientX - event.currentTarget.getBoundingClientRect().left));
  const x = step === null ? 0 : plotX(frame, step);
  return (
    <div className={styles.pointer} onPointerMove={follow} onPointerLeave={() => setStep(null)}>
      {step !== null && (
        <>
          <i className={styles.hair} style={{ transform: `translateX(${x}px)`, top: PLOT.top, bottom: PLOT.bottom }} />
          <div
            className={styles.tip}
            data-side={x > frame.width / 2 ? 'left' : 'right'}
            style={x > frame.width / 2 ? { right: frame.width - x + 12 } : { left: x + 12 }}
          >
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('chart.step', { step: format.count(step) })}</th>
                  <th scope="col">{t('train')}</th>
                  <th scope="col">{t('heldOut')}</th>
                  <th scope="col">{t('base')}</th>
                </tr>
              </thead>
              <tbody>
                {lines.map((line) => (
                  <tr key={line.id}>
                    <th scope="row" style={{ color: line.colour }}>
                      {line.id === 'total' ? common('total') : line.id}
                    </th>
                    <td>{format.loss(valueAt(line.train, step)?.y ?? null)}</td>
                    <td>{format.loss(valueAt(line.heldOut, step)?.y ?? null)}</td>
                    <td>{format.loss(line.base)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </div>
  );
});
