/** What growing would add: which are one token already, which become one, and how many rows that takes. */
import { useTranslation } from 'react-i18next';
import type { GrowthPlan } from '../contract/tokenizer';
import { useFormat } from '../i18n/format';
import { spelled } from './drawn-tokens';
import styles from './Growth.module.css';

/** Texts shown; the rest is counted. */
const SHOWN = 60;

export function GrowthPreview({ plan, adopting }: { plan: GrowthPlan; adopting: boolean }) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const { known, added, before, after } = plan;
  const sizes = { before: format.count(before), after: format.count(after), rows: format.count(after - before) };
  return (
    <div className={styles.preview} role="status" data-testid="growth-plan">
      <p>
        <b>
          {adopting ? t('grow.adopts', sizes) : added.length === 0 ? t('grow.nothing') : t('grow.adds', { count: added.length, ...sizes })}
        </b>
      </p>
      {added.length > 0 && (
        <ul className={styles.added}>
          {added.slice(0, SHOWN).map(({ text, tokens, count }, at) => (
            <li key={at} title={count === null ? undefined : t('grow.stands', { count, formatted: format.count(count) })}>
              {spelled(text)}
              <span>{t('grow.instead', { count: tokens })}</span>
            </li>
          ))}
          {added.length > SHOWN && <li className={styles.more}>{t('grow.more', { count: added.length - SHOWN })}</li>}
        </ul>
      )}
      {known.length > 0 && (
        <p className={styles.dim}>
          {t('grow.known', { count: known.length })} {known.slice(0, SHOWN).map(spelled).join(', ')}
          {known.length > SHOWN && ' …'}
        </p>
      )}
    </div>
  );
}
