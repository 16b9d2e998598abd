/** KL of attention by layer: how far the tuned weights look elsewhere than the base. */
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import type { Place } from '../store';
import { MeasureBar } from './MeasureBar';
import styles from './Attention.module.css';

interface Props {
  /** nats, by layer */
  divergence: readonly number[];
  place: Place;
}

export function DivergenceBars({ divergence, place }: Props) {
  const { t } = useTranslation('inside');
  const format = useFormat();
  const most = Math.max(...divergence);
  const layer = divergence.indexOf(most);
  const letter = place.toUpperCase();
  return (
    <div data-testid="divergence">
      <h3 className={styles.heading}>{t('divergence.title', { letter })}</h3>
      <p className={styles.sentence}>
        {most > 0 ? t('divergence.most', { layer: layer + 1, value: format.decimal(most, 4) }) : t('divergence.none', { letter })}
      </p>
      <table className={styles.bars}>
        <thead>
          <tr>
            <th scope="col">{t('place.layer')}</th>
            <td aria-hidden />
            <th scope="col">{t('divergence.unit')}</th>
          </tr>
        </thead>
        <tbody>
          {divergence.map((value, at) => (
            <tr key={at} data-most={most > 0 && at === layer}>
              <th scope="row">{format.count(at + 1)}</th>
              <td className={styles.bar}>
                <MeasureBar ratio={most > 0 ? value / most : 0} />
              </td>
              <td>{format.decimal(value, 4)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
