/** Import of a model from the Hugging Face Hub or a mirror: which one, a question that names the host, progress, outcome. */
import { Button, TextInput } from '@mantine/core';
import { CircleCheck, CloudDownload } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { HubField } from '../core/model/hub-source';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { ErrorBanner } from '../ui/ErrorBanner';
import { ProgressLine } from '../ui/ProgressLine';
import { HubDialog } from './HubDialog';
import { useHub } from './hub-store';
import styles from './Hub.module.css';

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
          <p className={styles.done} role="status">
            <CircleCheck size={15} aria-hidden />
            {t('import.done', { name: made.name, parameters: format.compact(made.parameters) })}
          </p>
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
      <HubDialog />
    </Card>
  );
}
