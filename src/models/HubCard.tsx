/** Import of a model from the Hugging Face Hub or a mirror. Nothing leaves the browser before the person has agreed to the host. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { Download, Globe, CircleCheck, CloudDownload } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { HubDialog } from '../ui/HubDialog';
import { ggufsOf, useHub, wantedFiles } from './hub-store';
import type { HubField } from '../core/model/hub-source';
import { Card } from '../ui/Card';
import { ErrorBanner } from '../ui/Banner';
import { ProgressLine } from '../channels/ProgressLine';
import { ModelNotices } from './ModelNotices';
import styles from './Hub.module.css';

function HubQuestion() {
  const { t } = useTranslation('models');
  const format = useFormat();
  const { stage, place, files: all, chosen, token, connect, choose, download, cancel } = useHub();
  const ggufs = ggufsOf(all);
  const files = wantedFiles({ files: all, chosen });
  const opened = stage === 'ask' || stage === 'listing' || stage === 'listed';
  const host = place?.host ?? '';
  const listed = stage === 'listed';
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return (
    <HubDialog
      opened={opened}
      onClose={() => void cancel()}
      title={t(listed ? 'hub.download.title' : 'hub.ask.title', { host })}
      place={(['host', 'repository', 'revision'] as const).map((field) => [t(`hub.${field}`), place?.[field]])}
      confirm={
        listed ? (
          <Button leftSection={<Download size={15} />} onClick={() => void download()}>
            {t('hub.download.run', { bytes: format.bytes(bytes) })}
          </Button>
        ) : (
          <Button leftSection={<Globe size={15} />} loading={stage === 'listing'} onClick={() => void connect()}>
            {t('hub.ask.run', { host })}
          </Button>
        )
      }
    >
      {listed ? (
        <>
          {ggufs.length > 1 && (
            <NativeSelect
              label={t('hub.download.which')}
              value={chosen ?? ''}
              onChange={(event) => choose(event.currentTarget.value)}
              data={ggufs.map(({ path, bytes: size }) => ({ value: path, label: `${path} · ${format.bytes(size)}` }))}
            />
          )}
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
    </HubDialog>
  );
}

const FIELDS: readonly HubField[] = ['repository', 'revision', 'address'];

export function HubCard() {
  const { t } = useTranslation('models');
  const format = useFormat();
  const hub = useHub();
  const { stage, wrong, token, progress, error, made, write, ask, cancel, dismiss } = hub;
  const busy = stage !== 'form';
  return (
    <Card title={t('hub.title')}>
      <div className={styles.hub}>
        {error && <ErrorBanner error={error} onDismiss={dismiss} />}
        <p className={styles.lead}>{t('hub.lead')}</p>
        {made && (
          <div className={styles.done} role="status">
            <CircleCheck size={15} aria-hidden />
            {t('import.done', { name: made.name, parameters: format.compact(made.parameters) })}
            {made.notices && <ModelNotices notices={made.notices} />}
          </div>
        )}
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            ask();
          }}
        >
          {FIELDS.map((field) => (
            <TextInput
              key={field}
              label={t(`hub.${field}`)}
              placeholder={field === 'repository' ? 'HuggingFaceTB/SmolLM2-135M' : ''}
              value={hub[field]}
              error={wrong === field && t(`hub.wrong.${field}`)}
              disabled={busy}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => write({ [field]: event.currentTarget.value })}
            />
          ))}
          <TextInput
            type="password"
            label={t('hub.token')}
            description={t('hub.tokenNote')}
            inputWrapperOrder={['label', 'input', 'error', 'description']}
            value={token}
            disabled={busy}
            autoComplete="off"
            onChange={(event) => write({ token: event.currentTarget.value })}
          />
          <Button type="submit" leftSection={<CloudDownload size={15} />} disabled={busy || hub.repository.trim() === ''}>
            {t('hub.look')}
          </Button>
        </form>
        {stage === 'busy' && <ProgressLine progress={progress} onCancel={() => void cancel()} />}
      </div>
      <HubQuestion />
    </Card>
  );
}
