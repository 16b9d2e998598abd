/** Texts of the picked weights, two at a time and without their names: which is better? Keys 1, 2 and =; then the scores and who wrote what. */
import { useEffect, useRef, type KeyboardEvent } from 'react';
import { Button, Kbd } from '@mantine/core';
import { EyeOff, Undo2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { preferenceScores, type BlindPair } from '../../core/metrics/preference';
import { useFormat } from '../../i18n/format';
import { Card, EmptyState } from '../../ui/Card';
import { useCommands } from '../../ui/commands';
import { NumberField } from '../../ui/fields';
import { Estimated, Letter } from '../../ui/marks';
import { letterOf, PLACES } from '../address';
import { MeasureControl } from '../MeasureControl';
import { useMeasures } from '../measures';
import { EXAMPLES, judge, nextPair, reveal, takeBack, useBlind, writePairs, type BlindComparison } from './generation-store';
import styles from './Generate.module.css';

export function BlindPanel() {
  const { t } = useTranslation('compare');
  const { count, setCount } = useBlind();
  const human = useMeasures((state) => state.results.human);
  const running = useMeasures((state) => state.running === 'human');
  return (
    <Card title={t('blind.title')} data-testid="blind">
      <p className={styles.about}>{t('blind.about')}</p>
      <div className={styles.ask}>
        <NumberField label={t('blind.pairs')} value={count} min={2} max={200} integer disabled={running} onChange={setCount} />
        <MeasureControl
          kind="human"
          first={t('blind.run')}
          again={t('blind.again')}
          onMeasure={() => void writePairs(EXAMPLES.map((id) => t(`prompts.${id}`)))}
        />
      </div>
      {!human && !running && (
        <EmptyState icon={EyeOff} title={t('blind.empty')}>
          <p>{t('blind.emptyText')}</p>
        </EmptyState>
      )}
      {human && !running && (human.revealed ? <Scores human={human} /> : <Judging human={human} />)}
    </Card>
  );
}

const VERDICTS = { '1': 'first', '2': 'second', '=': 'same' } as const;

function Judging({ human }: { human: BlindComparison }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const box = useRef<HTMLDivElement>(null);
  const at = nextPair(human);
  const pair = human.pairs[at];
  // The keys act at once, and reading begins at the top of each pair.
  useEffect(() => box.current?.focus({ preventScroll: true }), [at]);
  useCommands('blind', [
    ...Object.entries(VERDICTS).map(([key, verdict]) => ({
      id: `blind-${verdict}`,
      group: 'page' as const,
      title: t(`blind.${verdict}`),
      keys: [key],
      run: () => judge(verdict),
    })),
    { id: 'blind-back', group: 'page', title: t('blind.back'), blocked: at === 0, run: takeBack },
  ]);
  const press = (event: KeyboardEvent) => {
    const verdict = VERDICTS[event.key as keyof typeof VERDICTS];
    if (!verdict || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    judge(verdict);
  };
  if (!pair) return null;
  return (
    <div className={styles.judging} ref={box} tabIndex={-1} role="group" aria-label={t('blind.title')} onKeyDown={press}>
      <p role="status" className={styles.count}>
        {t('blind.of', { at: format.count(at + 1), all: format.count(human.pairs.length) })}
      </p>
      <p className={styles.asked}>{pair.prompt}</p>
      <div className={styles.pair}>
        {pair.texts.map((text, side) => (
          <section key={side} aria-label={t('blind.text', { number: side + 1 })}>
            <h3>{t('blind.text', { number: side + 1 })}</h3>
            <p data-testid={`blind-${side + 1}`}>{text === '' ? <em>{t('blind.nothing')}</em> : text}</p>
          </section>
        ))}
      </div>
      <div className={styles.verdicts}>
        {Object.entries(VERDICTS).map(([key, verdict]) => (
          <Button key={key} size="xs" variant="default" rightSection={<Kbd size="xs">{key}</Kbd>} onClick={() => judge(verdict)}>
            {t(`blind.${verdict}`)}
          </Button>
        ))}
        <span className={styles.spacer} />
        <Button size="xs" variant="subtle" leftSection={<Undo2 size={14} />} disabled={at === 0} onClick={takeBack}>
          {t('blind.back')}
        </Button>
        <Button size="xs" variant="subtle" disabled={at === 0} onClick={reveal}>
          {t('blind.end')}
        </Button>
      </div>
    </div>
  );
}

function Scores({ human }: { human: BlindComparison }) {
  const { t } = useTranslation('compare');
  const format = useFormat();
  const measure = preferenceScores(human.pairs, human.models);
  return (
    <div className={styles.judging}>
      {measure ? (
        <div role="status" data-testid="blind-scores">
          {measure.scores.slice(1).map((score, at) => {
            const model = at + 1;
            const clear = score.interval && (score.interval.low > 0 || score.interval.high < 0);
            const verdict = !clear ? 'unclear' : score.value > 0 ? 'better' : 'worse';
            return (
              <p key={model}>
                <strong>{t(`blind.verdict.${verdict}`, { letter: letterOf(model) })}</strong>{' '}
                {t('blind.counts', {
                  letter: letterOf(model),
                  won: format.decimal(measure.wins[model]![0]!, 1),
                  lost: format.decimal(measure.wins[0]![model]!, 1),
                })}{' '}
                {t('blind.score')} <Estimated estimate={score}>{format.delta(score.value)}</Estimated>{' '}
                {t('blind.chance', { letter: letterOf(model), share: format.percent(1 / (1 + Math.exp(-score.value)), 0) })}
              </p>
            );
          })}
          <p className={styles.about}>{t('blind.explain', { pairs: format.count(measure.pairs), same: format.count(measure.same) })}</p>
        </div>
      ) : (
        <p role="status">{t('blind.few')}</p>
      )}
      <ol className={styles.told}>
        {human.pairs.map((pair, at) => (
          <Told key={at} pair={pair} />
        ))}
      </ol>
    </div>
  );
}

/** A pair with who wrote which text. */
function Told({ pair: { prompt, models, texts, verdict } }: { pair: BlindPair }) {
  const { t } = useTranslation('compare');
  return (
    <li>
      <p className={styles.asked}>{prompt}</p>
      <div className={styles.pair}>
        {models.map((model, side) => (
          <section key={side} data-won={verdict === (side === 0 ? 'first' : 'second')}>
            <h3>
              <Letter place={PLACES[model]!} size="small" /> {letterOf(model)}
              {verdict === (side === 0 ? 'first' : 'second') && ` · ${t('blind.won')}`}
              {verdict === 'same' && side === 0 && ` · ${t('blind.same')}`}
            </h3>
            <p>{texts[side]}</p>
          </section>
        ))}
      </div>
    </li>
  );
}
