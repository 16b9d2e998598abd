/** What a take-in left out: how much, and the first ones with their place and the reason. */
import { useTranslation } from 'react-i18next';
import type { IntakeFindings } from '../../contract/ingest';
import { useFormat } from '../../i18n/format';
import styles from './TakeIn.module.css';

export function Findings({ findings, open = false }: { findings: IntakeFindings; open?: boolean }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { badRows, badExamples, skipped, skippedExamples, undecodable } = findings;
  if (badRows + skipped + undecodable === 0) return null;
  return (
    <div className={styles.findings} data-testid="findings">
      {badRows > 0 && (
        <details open={open}>
          <summary>{t('takeIn.badRows', { count: badRows, formatted: format.count(badRows) })}</summary>
          <ul>
            {badExamples.map(({ path, line, reason, detail }) => (
              <li key={`${path} ${line}`}>
                <strong>{t('place', { path, line: format.count(line) })}</strong> {t(`takeIn.bad.${reason}`)}
                {detail !== '' && <code>{detail}</code>}
              </li>
            ))}
          </ul>
          {badRows > badExamples.length && <p>{t('takeIn.moreBad', { formatted: format.count(badRows - badExamples.length) })}</p>}
        </details>
      )}
      {skipped > 0 && (
        <details open={open}>
          <summary>{t('takeIn.skipped', { count: skipped, formatted: format.count(skipped) })}</summary>
          <ul>
            {skippedExamples.map(({ path, reason }) => (
              <li key={path}>
                <strong>{path}</strong> {t(`takeIn.skip.${reason}`)}
              </li>
            ))}
          </ul>
          {skipped > skippedExamples.length && <p>{t('takeIn.moreBad', { formatted: format.count(skipped - skippedExamples.length) })}</p>}
        </details>
      )}
      {undecodable > 0 && <p>{t('takeIn.undecodable', { count: undecodable, formatted: format.count(undecodable) })}</p>}
    </div>
  );
}
