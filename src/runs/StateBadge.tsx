/** A run's state as icon and word, so that colour is never alone. */
import { CircleCheck, CircleDashed, CirclePause, CirclePlay, CircleStop, TriangleAlert, Unplug, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { RunState } from '../core/run/types';
import styles from './Runs.module.css';

const ICONS: Record<RunState, LucideIcon> = {
  preparing: CircleDashed,
  running: CirclePlay,
  paused: CirclePause,
  stopped: CircleStop,
  finished: CircleCheck,
  failed: TriangleAlert,
  interrupted: Unplug,
};

export function StateBadge({ state }: { state: RunState }) {
  const { t } = useTranslation();
  const Icon = ICONS[state];
  return (
    <span className={styles.state} data-state={state}>
      <Icon size={13} aria-hidden />
      {t(`state.${state}`)}
    </span>
  );
}
