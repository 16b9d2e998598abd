/** The rows behind a count: a list that is read as it is scrolled, and the row that was chosen in it. */
import { CloseButton, Drawer } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { PreparationRecord } from '../../contract/corpus';
import { useFormat } from '../../i18n/format';
import { ErrorBanner } from '../../ui/ErrorBanner';
import { Skeleton } from '../../ui/Skeleton';
import { RowDetail } from './RowDetail';
import { RowList } from './RowList';
import { useRows } from './rows-store';
import styles from './Rows.module.css';

export function RowsDrawer({ preparations }: { preparations: readonly PreparationRecord[] }) {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const { preparation: id, title, total, row, error, close } = useRows();
  const preparation = preparations.find((found) => found.id === id);
  return (
    <Drawer.Root opened={preparation !== undefined} onClose={close} position="right" size="min(1080px, 100vw)" padding={0}>
      <Drawer.Overlay />
      {/* Mantine's own head is a <header>, which would be a second banner of the page. */}
      <Drawer.Content aria-label={t('rows.title', { title })}>
        <Drawer.Body>
          <div className={styles.drawer} data-testid="rows">
            <div className={styles.head}>
              <h2>{t('rows.title', { title })}</h2>
              {total !== null && (
                <span className={styles.dim} data-testid="rows-total">
                  {t('takeIn.rows', { count: total, formatted: format.count(total) })}
                </span>
              )}
              <CloseButton aria-label={common('close')} onClick={close} />
            </div>
            {error && <ErrorBanner error={error} />}
            <div className={styles.panes} data-open={row !== null}>
              {total === null ? !error && <Skeleton lines={8} /> : <RowList key={title} total={total} />}
              {preparation && <RowDetail preparation={preparation} />}
            </div>
          </div>
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
