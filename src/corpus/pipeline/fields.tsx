/** Fields of the pipeline's settings, and the frame of a stage: its switch, what it does, and its parameters. */
import { Button, Textarea, Switch } from '@mantine/core';
import { HorizontalSlider } from '../../ui/Slider';
import { NumberField } from '../../ui/fields';
import { useRef, useState, useId, type ReactNode } from 'react';
import { FileUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ErrorBanner } from '../../ui/Banner';
import styles from './Pipeline.module.css';

/** A share or threshold: a slider with its number, both of which can be set. */
interface SliderFieldProps {
  label: string;
  help?: string;
  value: number;
  min?: number;
  max?: number;
  step?: number;
  disabled: boolean;
  onChange(value: number): void;
}

export function SliderField({ label, help, value, min = 0, max = 1, step = 0.01, disabled, onChange }: SliderFieldProps) {
  const round = (raw: number) => Number((Math.round(raw / step) * step).toFixed(4));
  return (
    <div className={styles.slider}>
      <NumberField
        label={label}
        {...(help === undefined ? {} : { help })}
        value={value}
        min={min}
        max={max}
        step={step}
        disabled={disabled}
        onChange={onChange}
      />
      <HorizontalSlider
        label={label}
        position={(value - min) / (max - min)}
        valueText={String(value)}
        valueNow={value}
        valueMin={min}
        valueMax={max}
        disabled={disabled}
        step={step / (max - min)}
        page={(10 * step) / (max - min)}
        onMove={(position) => onChange(round(min + position * (max - min)))}
      />
    </div>
  );
}

/** A list of words, one entry a line, typed or read from a file. What is typed counts at once and is tidied when the field is left. */
interface LineListFieldProps {
  label: string;
  help?: string;
  /** As lines. */
  value: string;
  disabled: boolean;
  onChange(text: string): void;
}

export function LineListField({ label, help, value, disabled, onChange }: LineListFieldProps) {
  const { t } = useTranslation('corpus');
  const [typed, setTyped] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const file = useRef<HTMLInputElement>(null);
  const read = async (picked: File | undefined) => {
    if (!picked) return;
    try {
      onChange(`${value}\n${await picked.text()}`);
      setTyped(null);
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <div className={styles.lines}>
      <Textarea
        size="xs"
        label={label}
        description={help}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        rows={5}
        value={typed ?? value}
        disabled={disabled}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          onChange(event.currentTarget.value);
        }}
        onBlur={() => setTyped(null)}
      />
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<FileUp size={13} />}
        disabled={disabled}
        aria-label={t('pipeline.importInto', { list: label })}
        onClick={() => file.current?.click()}
      >
        {t('pipeline.import')}
      </Button>
      <input
        ref={file}
        type="file"
        hidden
        accept=".txt,.csv,.tsv,text/plain"
        aria-label={t('pipeline.importInto', { list: label })}
        onChange={(event) => {
          const picked = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          void read(picked);
        }}
      />
      {error !== null && <ErrorBanner error={error} onDismiss={() => setError(null)} />}
    </div>
  );
}

/** A stage of the pipeline: its switch, what it does, and its parameters while it is on. */
type StageName =
  | 'normalise'
  | 'exactDedup'
  | 'minhashDedup'
  | 'quality'
  | 'language'
  | 'terms'
  | 'split'
  | 'decontaminate'
  | 'select'
  | 'sample'
  | 'balance'
  | 'order'
  | 'pii'
  | 'augment';

interface StageProps {
  name: StageName;
  /** Absent where a stage has no switch: its choice says it all. */
  enabled?: boolean;
  disabled: boolean;
  onToggle?: (enabled: boolean) => void;
  children?: ReactNode;
  /** Parameters that few need, and what they are called. */
  more?: { title: string; fields: ReactNode };
}

export function Stage({ name, enabled, disabled, onToggle, children, more }: StageProps) {
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
