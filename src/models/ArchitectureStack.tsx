/** The architecture drawn as a stack: tokens go in below, logits come out above. Heights tell nothing, counts do. */
import { useMemo } from 'react';
import { ArrowUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ModelConfig } from '../core/model/config';
import { useFormat } from '../i18n/format';
import { modelStack, type StackPart } from './architecture';
import styles from './ArchitectureStack.module.css';

/** As papers spell them, in any language. */
const ACTIVATIONS = { swiglu: 'SwiGLU', gelu: 'GELU', 'gelu-tanh': 'GELU (tanh)' } as const;

export function ArchitectureStack({ name, config }: { name: string; config: ModelConfig }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const stack = useMemo(() => modelStack(config), [config]);
  /** What distinguishes a part besides its shapes. */
  const remark = ({ kind }: StackPart): string => {
    switch (kind) {
      case 'attention': {
        const heads = t('stack.heads', { heads: config.heads, kv: config.kvHeads, width: config.headSize });
        const rotary = config.positions.kind === 'rotary' ? t('stack.rotary', { theta: format.count(config.positions.theta) }) : null;
        const window = config.windows.find((size) => size !== null && size !== undefined);
        return [
          heads,
          rotary,
          config.normedHeads ? t('stack.normedHeads') : null,
          window ? t('stack.window', { formatted: format.count(window) }) : null,
        ]
          .filter((words) => words !== null)
          .join(' · ');
      }
      case 'feed-forward':
        return ACTIVATIONS[config.activation];
      case 'norm':
        return config.norm.kind === 'rms' ? 'RMSNorm' : 'LayerNorm';
      case 'head':
        return config.tied ? t('stack.tied') : '';
      default:
        return '';
    }
  };
  const row = (part: StackPart, key: string) => (
    <li key={key} className={styles.part} data-kind={part.kind}>
      <div className={styles.partHead}>
        <b>{t(`stack.${part.kind}`)}</b>
        <span>{remark(part)}</span>
        <span className={styles.count}>{part.parameters > 0 ? format.count(part.parameters) : '—'}</span>
      </div>
      {part.kind !== 'norm' && part.tensors.length > 0 && (
        <ul className={styles.tensors}>
          {part.tensors.map(({ name, shape, bias }) => (
            <li key={name}>
              <code>{name}</code> {shape.map((side) => format.count(side)).join(' × ')}
              {bias && <span> + {t('stack.bias')}</span>}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
  return (
    <section className={styles.stack} aria-label={t('stack.of', { name })}>
      <h3>{t('stack.title')}</h3>
      <p className={styles.end}>
        <ArrowUp size={12} aria-hidden /> {t('stack.out', { formatted: format.count(config.vocabulary) })}
      </p>
      <ol className={styles.parts}>
        {[...stack.after].reverse().map((part, at) => row(part, `after-${at}`))}
        <li className={styles.block}>
          <div className={styles.blockHead}>
            <b>{t('stack.block', { layers: format.count(stack.block.layers) })}</b>
            {stack.block.parallel && <span>{t('stack.parallel')}</span>}
            <span className={styles.count}>
              {t('stack.each', {
                each: format.count(stack.block.parameters),
                all: format.count(stack.block.layers * stack.block.parameters),
              })}
            </span>
          </div>
          <ol className={styles.parts}>{[...stack.block.parts].reverse().map((part, at) => row(part, `block-${at}`))}</ol>
        </li>
        {[...stack.before].reverse().map((part, at) => row(part, `before-${at}`))}
      </ol>
      <p className={styles.end}>
        <ArrowUp size={12} aria-hidden /> {t('stack.in', { formatted: format.count(config.context) })}
      </p>
    </section>
  );
}
