/** The architecture drawn as a stack: tokens go in below, logits come out above. Heights tell nothing, counts do. */
import { useMemo } from 'react';
import { ArrowUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ModelConfig } from '../core/model/config';
import { useFormat } from '../i18n/format';
import { modelStack, type StackPart } from './architecture';
import styles from './ArchitectureStack.module.css';

/** As papers spell them, in any language. */
const ACTIVATIONS = { swiglu: 'SwiGLU', geglu: 'GEGLU', 'geglu-tanh': 'GEGLU (tanh)', gelu: 'GELU', 'gelu-tanh': 'GELU (tanh)' } as const;

/** Layers with an equal value of something, in the order of their first. */
function alike<Value>(values: readonly Value[]): { value: Value; layers: number }[] {
  const found = new Map<string, { value: Value; layers: number }>();
  for (const value of values) {
    const key = JSON.stringify(value);
    const group = found.get(key) ?? { value, layers: 0 };
    group.layers += 1;
    found.set(key, group);
  }
  return [...found.values()];
}

export function ArchitectureStack({ name, config }: { name: string; config: ModelConfig }) {
  const { t } = useTranslation('models');
  const format = useFormat();
  const stack = useMemo(() => modelStack(config), [config]);
  const capped = (cap: number) => format.decimal(cap, Number.isInteger(cap) ? 0 : 2);
  /** What distinguishes a part besides its shapes. */
  const remark = ({ kind }: StackPart): string => {
    switch (kind) {
      case 'attention': {
        const heads = t('stack.heads', { heads: config.heads, kv: config.kvHeads, width: config.headSize });
        const rotary = config.positions.kind === 'rotary' ? config.positions : null;
        const plainScale = config.headSize ** -0.5;
        const scales = alike(config.attentionScales);
        const among = (words: string, layers: number) =>
          layers === config.layers ? words : t('stack.inLayers', { words, some: layers, all: config.layers });
        return [
          heads,
          ...alike(config.layerRotary ?? config.windows.map(() => rotary)).map(({ value, layers }) => {
            if (!value) return rotary && among(t('stack.unrotated'), layers);
            const words = t('stack.rotary', { theta: format.count(value.theta) });
            return among(value.scaling ? `${words} (${value.scaling.kind})` : words, layers);
          }),
          config.encoder ? t('stack.bothWays') : null,
          config.normedHeads ? t('stack.normedHeads') : null,
          ...alike(config.windows).map(({ value, layers }) =>
            value === null ? null : among(t('stack.window', { formatted: format.count(value) }), layers),
          ),
          scales.length === 1 && scales[0]!.value !== plainScale
            ? t('stack.scores', { factor: format.decimal(scales[0]!.value, 3) })
            : null,
          scales.length > 1 ? t('stack.scoresByLayer') : null,
          config.softCaps.scores ? t('stack.capped', { cap: capped(config.softCaps.scores) }) : null,
        ]
          .filter((words) => words !== null)
          .join(' · ');
      }
      case 'feed-forward':
        return ACTIVATIONS[config.activation];
      case 'norm':
        if (config.norm.kind === 'layer') return 'LayerNorm';
        return config.norm.offset === 0 ? 'RMSNorm' : 'RMSNorm (1 + w)';
      case 'embedding':
        return config.scales.embedding === 1 ? '' : `× ${format.decimal(config.scales.embedding, 3)}`;
      case 'head':
        return [
          config.tied ? t('stack.tied') : null,
          config.scales.output === 1 ? null : `× ${format.decimal(config.scales.output, 3)}`,
          config.softCaps.logits ? t('stack.capped', { cap: capped(config.softCaps.logits) }) : null,
        ]
          .filter((words) => words !== null)
          .join(' · ');
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
