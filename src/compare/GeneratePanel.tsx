/** The same prompt, seed and sampling for both sides, written out as it comes. */
import type { ComponentProps } from 'react';
import { Button, Textarea } from '@mantine/core';
import { PenLine, Square } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { Card } from '../ui/Card';
import { ErrorBanner } from '../ui/ErrorBanner';
import { NumberField } from '../ui/NumberField';
import { useSourceName } from './names';
import type { WeightsSource } from './sources';
import { useCompare, type Side } from './store';
import styles from './Generate.module.css';

const PROMPTS = ['medical', 'treatment', 'medicalZh', 'speech', 'poemZh', 'code'] as const;

type Bounds = Omit<ComponentProps<typeof NumberField>, 'label' | 'value' | 'onChange'>;

export function GeneratePanel({ a, b }: { a: WeightsSource; b: WeightsSource }) {
  const { t } = useTranslation('compare');
  const { generation, setGeneration, generate, cancel, activity, generationError } = useCompare(
    useShallow((state) => ({
      generation: state.generation,
      setGeneration: state.setGeneration,
      generate: state.generate,
      cancel: state.cancel,
      activity: state.activity,
      generationError: state.generationError,
    })),
  );
  const busy = activity === 'generate';
  const field = (name: 'seed' | 'temperature' | 'topP' | 'topK' | 'maxTokens', bounds: Bounds) => (
    <NumberField
      label={t(`generate.${name}`)}
      value={generation[name]}
      disabled={busy}
      onChange={(value) => setGeneration({ [name]: value })}
      {...bounds}
    />
  );
  return (
    <Card title={t('generate.title')} className={styles.wide}>
      <div className={styles.setting}>
        <div className={styles.prompt}>
          <Textarea
            aria-label={t('generate.prompt')}
            data-testid="prompt"
            placeholder={t('generate.placeholder')}
            autosize
            minRows={2}
            maxRows={8}
            value={generation.prompt}
            disabled={busy}
            onChange={(event) => setGeneration({ prompt: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void generate();
            }}
          />
          <div className={styles.examples} role="group" aria-label={t('generate.examples')}>
            <span aria-hidden>{t('generate.examples')}</span>
            {PROMPTS.map((id) => (
              <button
                key={id}
                type="button"
                className={styles.example}
                disabled={busy}
                onClick={() => setGeneration({ prompt: t(`prompts.${id}`) })}
              >
                {t(`prompts.${id}`).trim()}
              </button>
            ))}
          </div>
        </div>
        <div className={styles.fields}>
          {field('seed', { min: 0, max: 0xffffffff, integer: true })}
          {field('temperature', { min: 0, max: 5, step: 0.1, title: t('generate.greedy') })}
          {field('topP', { min: 0.01, max: 1, step: 0.05 })}
          {field('topK', { min: 0, max: 100000, integer: true, title: t('generate.topKOff') })}
          {field('maxTokens', { min: 1, max: 1024, integer: true })}
          {busy ? (
            <Button size="xs" variant="default" leftSection={<Square size={12} />} onClick={() => void cancel()}>
              {t('generate.stop')}
            </Button>
          ) : (
            <Button
              size="xs"
              leftSection={<PenLine size={14} />}
              disabled={activity !== null || generation.prompt.trim() === ''}
              onClick={() => void generate()}
            >
              {t('generate.run')}
            </Button>
          )}
        </div>
      </div>
      {generationError && (
        <div className={styles.error}>
          <ErrorBanner error={generationError} onRetry={() => void generate()} />
        </div>
      )}
      <div className={styles.sides}>
        <Continued side="a" source={a} />
        <Continued side="b" source={b} />
      </div>
    </Card>
  );
}

function Continued({ side, source }: { side: Side; source: WeightsSource }) {
  const { t } = useTranslation('compare');
  const sourceName = useSourceName();
  const { text, state } = useCompare((store) => store.continuations[side]);
  const prompted = useCompare((store) => store.prompted);
  return (
    <section
      className={styles.side}
      data-side={side}
      aria-label={`${side.toUpperCase()}: ${sourceName(source)}`}
      aria-busy={state === 'writing'}
    >
      <div className={styles.name}>
        <b>{side.toUpperCase()}</b> {sourceName(source)}
        <span className={styles.state}>
          {state === 'writing' && t('generate.writing')}
          {state === 'stopped' && t('generate.stopped')}
          {state === 'done' && t('generate.length', { count: [...text].length })}
        </span>
      </div>
      {state === 'idle' ? (
        <p className={styles.idle}>{t('generate.idle')}</p>
      ) : state === 'waiting' ? (
        <p className={styles.idle}>{t('generate.waiting')}</p>
      ) : (
        <p className={styles.text} data-testid={`continuation-${side}`}>
          <span className={styles.prompted}>{prompted}</span>
          {text}
          {state === 'writing' && <span className={styles.caret} aria-hidden />}
        </p>
      )}
    </section>
  );
}
