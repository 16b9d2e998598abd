/** A take-in that a reload or a crash cut off: go on, keep what is there, or throw it away. */
import { useState } from 'react';
import { Button } from '@mantine/core';
import { History } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { InterruptedIntake } from '../../contract/ingest';
import { useFormat } from '../../i18n/format';
import { FileDrop } from '../../ui/FileDrop';
import { useWorkshop } from '../channels/store';
import { useTakeIn } from './store';
import styles from './TakeIn.module.css';

export function Interrupted({ intake }: { intake: InterruptedIntake }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { goOn, keep, discard } = useTakeIn();
  const channel = useWorkshop((state) => state.channels.find(({ id }) => id === intake.channel));
  const [dropping, setDropping] = useState(false);
  const open = intake.files.filter(({ state }) => state !== 'done');
  const done = intake.files.reduce((sum, file) => sum + (file.state === 'done' ? file.bytes : file.done), 0);
  const total = intake.files.reduce((sum, file) => sum + file.bytes, 0);
  return (
    <section className={styles.interrupted} aria-label={t('interrupted.title')} data-testid="interrupted">
      <p>
        <History size={15} aria-hidden /> <strong>{t('interrupted.title')}</strong>{' '}
        {t('interrupted.what', {
          channel: channel?.name ?? '—',
          date: format.dateTime(intake.startedAt),
          rows: format.count(intake.rows),
          done: format.bytes(done),
          total: format.bytes(total),
        })}
      </p>
      {dropping && (
        <FileDrop
          title={t('interrupted.drop')}
          hint={open
            .slice(0, 5)
            .map(({ path }) => path)
            .join(', ')}
          pick={t('takeIn.pick')}
          pickFolder={t('takeIn.pickFolder')}
          accept=""
          onFiles={(_, { files }) => void goOn(intake, files)}
        />
      )}
      <div className={styles.buttons}>
        <Button size="xs" disabled={dropping} onClick={() => (intake.handles.length > 0 ? void goOn(intake, []) : setDropping(true))}>
          {t('interrupted.goOn')}
        </Button>
        {intake.rows > 0 && (
          <Button size="xs" variant="default" onClick={() => void keep(intake)}>
            {t('interrupted.keep', { rows: format.count(intake.rows) })}
          </Button>
        )}
        <Button size="xs" variant="default" onClick={() => void discard(intake)}>
          {t('interrupted.discard')}
        </Button>
      </div>
    </section>
  );
}
