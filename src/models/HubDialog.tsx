/** Asks before the studio leaves its own origin: first whether to connect to the host, then whether to download what it lists. */
import { Button } from '@mantine/core';
import { Download, Globe } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Dialog } from '../ui/Dialog';
import { useHub } from './hub-store';
import styles from './Hub.module.css';

export function HubDialog() {
  const { t } = useTranslation('models');
  const { t: common } = useTranslation();
  const format = useFormat();
  const { stage, place, files, token, connect, download, cancel } = useHub();
  const opened = stage === 'ask' || stage === 'listing' || stage === 'listed';
  const host = place?.host ?? '';
  const listed = stage === 'listed';
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return (
    <Dialog opened={opened} onClose={() => void cancel()} title={t(listed ? 'hub.download.title' : 'hub.ask.title', { host })}>
      <div className={styles.dialog}>
        <dl className={styles.place}>
          {(['host', 'repository', 'revision'] as const).map((field) => (
            <div key={field}>
              <dt>{t(`hub.${field}`)}</dt>
              <dd>{place?.[field]}</dd>
            </div>
          ))}
        </dl>
        {listed ? (
          <>
            <table className={styles.files}>
              <caption>{t('hub.download.files', { count: files.length, bytes: format.bytes(bytes) })}</caption>
              <tbody>
                {files.map((file) => (
                  <tr key={file.path}>
                    <th scope="row">{file.path}</th>
                    <td>{format.bytes(file.bytes)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p className={styles.dim}>{t('hub.download.stores', { host })}</p>
          </>
        ) : (
          <>
            <p>{t('hub.ask.what', { host })}</p>
            <p className={styles.dim}>{t(token.trim() === '' ? 'hub.ask.sent' : 'hub.ask.sentToken')}</p>
          </>
        )}
        <div className={styles.buttons}>
          <Button variant="default" onClick={() => void cancel()} data-autofocus>
            {common('cancel')}
          </Button>
          {listed ? (
            <Button leftSection={<Download size={15} />} onClick={() => void download()}>
              {t('hub.download.run', { bytes: format.bytes(bytes) })}
            </Button>
          ) : (
            <Button leftSection={<Globe size={15} />} loading={stage === 'listing'} onClick={() => void connect()}>
              {t('hub.ask.run', { host })}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}
