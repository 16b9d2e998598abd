/** A share or threshold: a slider with its number, both of which can be set. */
import { HorizontalSlider } from '../../ui/HorizontalSlider';
import { NumberField } from '../../ui/NumberField';
import styles from './Pipeline.module.css';

interface Props {
  label: string;
  help?: string;
  value: number;
  min?: number;
  max?: number;
  step?: number;
  disabled: boolean;
  onChange(value: number): void;
}

export function SliderField({ label, help, value, min = 0, max = 1, step = 0.01, disabled, onChange }: Props) {
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
