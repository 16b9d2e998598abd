/** How much each channel's text counts: a switch for whether it takes part, and its weight. */
import { Chip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { NumberField } from '../ui/fields';
import { channelColour, useCorpusName } from '../channels/channel';
import { useTokenizers } from './store';
import styles from './Forms.module.css';

interface Props {
  legend: string;
  hint?: string;
  /** Channels are taken or left, without weights. */
  plain?: boolean;
  weights: Readonly<Record<string, number>>;
  disabled: boolean;
  onChange: (weights: Record<string, number>) => void;
}

export function ChannelWeights({ legend, hint, plain = false, weights, disabled, onChange }: Props) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const corpora = useTokenizers((state) => state.corpora);
  const corpusName = useCorpusName();
  const set = (id: string, weight: number) => onChange({ ...weights, [id]: weight });
  return (
    <fieldset className={styles.weights}>
      <legend>{legend}</legend>
      <ul>
        {corpora.map((corpus) => {
          const weight = weights[corpus.id] ?? 0;
          const name = corpusName(corpus);
          return (
            <li key={corpus.id} style={{ borderInlineStartColor: channelColour(corpus.id) }} data-out={weight === 0}>
              <Chip size="xs" variant="outline" checked={weight > 0} disabled={disabled} onChange={(on) => set(corpus.id, on ? 1 : 0)}>
                {name}
              </Chip>
              <span className={styles.dim}>{format.bytes(corpus.bytes.train)}</span>
              {weight > 0 && !plain && (
                <NumberField
                  label={t('train.weight', { name })}
                  value={weight}
                  min={0}
                  max={100}
                  step={0.1}
                  disabled={disabled}
                  onChange={(value) => set(corpus.id, value)}
                />
              )}
            </li>
          );
        })}
      </ul>
      {hint !== undefined && <p className={styles.dim}>{hint}</p>}
    </fieldset>
  );
}
