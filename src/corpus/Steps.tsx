/** The way through the workshop: four steps, what each holds now, and a jump to it. */
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { rawSize, useWorkshop } from './channels/store';
import { usePipelineSettings } from './pipeline/settings-store';
import styles from './Steps.module.css';

const STEPS = ['takeIn', 'channels', 'pipeline', 'result'] as const;
export type Step = (typeof STEPS)[number];

export const stepId = (step: Step) => `corpus-step-${step}`;

/** Brings a step into view and gives it the focus, so that the keyboard goes on from there. */
export function goToStep(step: Step): void {
  const place = document.getElementById(stepId(step));
  place?.scrollIntoView({ block: 'start' });
  place?.focus({ preventScroll: true });
}

export function Steps() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { channels, sources } = useWorkshop();
  const { rows, bytes } = rawSize(sources);
  const settings = usePipelineSettings((state) => state.settings);
  const switches = Object.values(settings).flatMap((stage) => (typeof stage === 'object' && 'enabled' in stage ? [stage.enabled] : []));
  const prepared = channels.filter(({ preparation }) => preparation !== null).length;
  const state: Record<Step, string> = {
    takeIn: rows === 0 ? t('steps.nothing') : t('rowsAndBytes', { count: rows, formatted: format.count(rows), bytes: format.bytes(bytes) }),
    channels: channels.length === 0 ? t('steps.nothing') : t('steps.channelCount', { count: channels.length }),
    pipeline: t('steps.stages', { on: switches.filter((on) => on).length, all: switches.length }),
    result: prepared === 0 ? t('steps.nothing') : t('steps.prepared', { count: prepared }),
  };
  return (
    <nav aria-label={t('steps.label')} className={styles.steps}>
      <ol>
        {STEPS.map((step, at) => (
          <li key={step}>
            <button type="button" onClick={() => goToStep(step)} data-step={step}>
              <span className={styles.number} aria-hidden>
                {at + 1}
              </span>
              <span>
                <span className={styles.title}>{t(`steps.${step}`)}</span>
                <span className={styles.state}>{state[step]}</span>
              </span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
