/** A stage of the pipeline: its switch, what it does, and its parameters while it is on. */
import { useId, type ReactNode } from 'react';
import { Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import styles from './Pipeline.module.css';

type StageName =
  | 'normalise'
  | 'exact'
  | 'near'
  | 'quality'
  | 'language'
  | 'terms'
  | 'split'
  | 'decontaminate'
  | 'select'
  | 'sample'
  | 'order'
  | 'personal'
  | 'augment';

interface Props {
  name: StageName;
  /** Absent where a stage has no switch: its choice says it all. */
  enabled?: boolean;
  disabled: boolean;
  onToggle?: (enabled: boolean) => void;
  children?: ReactNode;
  /** Parameters that few need, and what they are called. */
  more?: { title: string; fields: ReactNode };
}

export function Stage({ name, enabled, disabled, onToggle, children, more }: Props) {
  const { t } = useTranslation('corpus');
  const id = useId();
  const on = enabled ?? true;
  return (
    <li className={styles.stage} data-stage={name} data-on={on}>
      <div className={styles.stageHead}>
        {onToggle ? (
          <Switch
            size="sm"
            label={t(`stage.${name}.title`)}
            aria-describedby={id}
            checked={on}
            disabled={disabled}
            onChange={(event) => onToggle(event.currentTarget.checked)}
          />
        ) : (
          <h3>{t(`stage.${name}.title`)}</h3>
        )}
        <p id={id}>{t(`stage.${name}.hint`)}</p>
      </div>
      {on && (children ?? more) && (
        <div className={styles.parameters}>
          {children && <div className={styles.fields}>{children}</div>}
          {more && (
            <details>
              <summary>{more.title}</summary>
              <div className={styles.fields}>{more.fields}</div>
            </details>
          )}
        </div>
      )}
    </li>
  );
}
