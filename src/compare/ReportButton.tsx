/** The report of what was measured: one click for each form. What writes it loads with the first click. */
import { useState } from 'react';
import { Button, Menu } from '@mantine/core';
import { Braces, ChevronDown, FileChartColumn, FileText, Hash, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { preferredLanguage } from '../i18n/start';
import { ErrorBanner } from '../ui/Banner';
import { useCommands } from '../ui/commands';
import { useCompare } from './store';
import type { ReportForm } from './write-report';
import styles from './ReportButton.module.css';

const FORMS: readonly { form: ReportForm; icon: LucideIcon }[] = [
  { form: 'html', icon: FileText },
  { form: 'markdown', icon: Hash },
  { form: 'json', icon: Braces },
];

export function ReportButton() {
  const { t, i18n } = useTranslation('report');
  const ready = useCompare((state) => state.library === 'ready' && state.address.a !== null);
  const [writing, setWriting] = useState(false);
  const [error, setError] = useState<ErrorRecord | null>(null);
  const write = async (form: ReportForm) => {
    setWriting(true);
    setError(null);
    try {
      const { writeReport } = await import('./write-report');
      await writeReport(form, preferredLanguage(i18n.language, []));
    } catch (failure) {
      setError(errorRecord(failure));
    } finally {
      setWriting(false);
    }
  };
  useCommands(
    'report',
    FORMS.map(({ form }) => ({
      id: `report-${form}`,
      group: 'page',
      title: `${t('button.label')}: ${t(`button.${form}`)}`,
      blocked: !ready || writing,
      run: () => void write(form),
    })),
  );
  return (
    <>
      <Menu position="bottom-end" width={330}>
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<FileChartColumn size={14} />}
            rightSection={<ChevronDown size={13} />}
            disabled={!ready}
            loading={writing}
          >
            {t('button.label')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {FORMS.map(({ form, icon: Icon }) => (
            <Menu.Item key={form} leftSection={<Icon size={14} />} onClick={() => void write(form)}>
              {t(`button.${form}`)}
            </Menu.Item>
          ))}
          <Menu.Label className={styles.help ?? ''}>{t('button.help')}</Menu.Label>
        </Menu.Dropdown>
      </Menu>
      {error && (
        <div className={styles.error}>
          <ErrorBanner error={error} onDismiss={() => setError(null)} />
        </div>
      )}
    </>
  );
}
