/** What came of a take-in: rows by channel, and what was left out, by name. */
import { CircleCheck } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { useWorkshop } from '../channels/store';
import { Findings } from './Findings';
import { useTakeIn } from './store';
import styles from './TakeIn.module.css';

export function TakenIn() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const made = useTakeIn((state) => state.made);
  const channels = useWorkshop((state) => state.channels);
  return (
    <div className={styles.done} role="status" data-testid="taken-in">
      {made.map((source) => (
        <div key={source.id}>
          <p className={styles.good}>
            <CircleCheck size={15} aria-hidden />
            {t('takeIn.done', {
              count: source.rows,
              formatted: format.count(source.rows),
              bytes: format.bytes(source.bytes),
              name: source.name,
              channel: channels.find(({ id }) => id === source.channel)?.name ?? '',
            })}
          </p>
        </div>
      ))}
      {made[0] && <Findings findings={made[0].findings} open />}
    </div>
  );
}
