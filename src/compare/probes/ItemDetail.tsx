/** One probe item: the question, each model's score of every answer, which it chose, and which is right. */
import { Check, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ANSWER_FIGURES } from '../../core/metrics/probe-measure';
import type { Probe } from '../../core/probes/probe';
import type { ProbeScore } from '../../core/probes/probe-score';
import { useFormat } from '../../i18n/format';
import { letterOf } from '../address';
import { digitsOf } from './GroupTables';
import { useGroupName } from './names';
import { chosenBy, optionsOf, type AskedItem } from './outcomes';
import styles from './Items.module.css';

/** What became of an item between the base and another model. */

interface Props {
  item: AskedItem;
  /** Of the model held against the base. */
  letter: string;
  /** By model. */
  scores: readonly ProbeScore[];
}

export function ItemDetail({ item, letter, scores }: Props) {
  const { t } = useTranslation('measures');
  const { probe, outcome, at } = item;
  const groupName = useGroupName();
  const format = useFormat();
  return (
    <article
      className={styles.detail}
      data-testid="probe-detail"
      aria-label={t('items.item', { number: format.count(at + 1) })}
      // It scrolls by itself.
      tabIndex={0}
    >
      <p className={styles.lineHead}>
        <span className={styles.outcome} data-outcome={outcome}>
          {t(`items.outcome.${outcome}`, { letter })}
        </span>
        <span className={styles.dim}>{groupName(probe.group)}</span>
      </p>
      {probe.kind !== 'pair' && (
        <div>
          <h3>{t('items.prompt')}</h3>
          <p className={styles.text}>{probe.prompt}</p>
        </div>
      )}
      {scores.some(({ kind }) => kind === 'too-long') ? (
        <TooLong scores={scores} />
      ) : probe.kind === 'reference' ? (
        <Reference probe={probe} scores={scores} />
      ) : (
        <Options item={item} scores={scores} />
      )}
    </article>
  );
}

function Options({ item: { probe }, scores }: Pick<Props, 'item' | 'scores'>) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  const options = optionsOf(probe);
  if (!options) return null;
  const value = (score: ProbeScore, option: number): number | null => {
    if (score.kind === 'choice') return score.perCharacter[option] ?? null;
    return score.kind === 'pair' ? (option === 0 ? score.good : score.bad) : null;
  };
  const chosen = scores.map(chosenBy);
  return (
    <div className={styles.scroll} role="region" aria-label={t('items.scores')} tabIndex={0}>
      <table className={styles.options}>
        <caption>{t(probe.kind === 'pair' ? 'items.pairUnit' : 'items.choiceUnit')}</caption>
        <thead>
          <tr>
            <th scope="col">{t(probe.kind === 'pair' ? 'items.sentence' : 'items.choiceText')}</th>
            {scores.map((_, model) => (
              <th key={model} scope="col">
                {letterOf(model)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {options.texts.map((text, option) => (
            <tr key={option} data-answer={option === options.answer}>
              <th scope="row">
                <span className={styles.text}>{text}</span>
                {option === options.answer && <span className={styles.right}>{t('items.isRight')}</span>}
              </th>
              {scores.map((score, model) => (
                <td key={model} data-chosen={chosen[model] === option}>
                  {format.loss(value(score, option))}
                  {chosen[model] === option && (
                    <span className={styles.chosen} data-right={option === options.answer}>
                      {option === options.answer ? <Check size={12} aria-hidden /> : <X size={12} aria-hidden />}
                      {t(option === options.answer ? 'items.choseRight' : 'items.choseWrong')}
                    </span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {chosen.some((one) => one === null) && <p className={styles.dim}>{t('items.tie')}</p>}
    </div>
  );
}

interface ReferenceProps {
  probe: Extract<Probe, { kind: 'reference' }>;
  scores: readonly ProbeScore[];
}

function Reference({ probe: { reference, pattern }, scores }: ReferenceProps) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  return (
    <>
      <div>
        <h3>{t('items.reference')}</h3>
        <p className={styles.text}>{reference}</p>
        {pattern !== undefined && (
          <p className={styles.dim}>
            {t('items.pattern')} <code>{pattern}</code>
          </p>
        )}
      </div>
      {scores.map((score, model) =>
        score.kind !== 'reference' ? null : (
          <div key={model} className={styles.answer}>
            <h3>{t('items.writes', { letter: letterOf(model) })}</h3>
            <p className={styles.text}>{score.written?.text === '' ? <em>{t('items.nothing')}</em> : score.written?.text}</p>
            <dl className={styles.figures}>
              <div>
                <dt>{t('reference.likelihood')}</dt>
                <dd>{format.loss(score.perByte)}</dd>
              </div>
              <div>
                <dt>{t('items.total')}</dt>
                <dd>{format.decimal(score.likelihood, 2)}</dd>
              </div>
              {ANSWER_FIGURES.map((name) => {
                const value = score.written && { ...score.written, ...score.written.more }[name];
                return value === undefined ? null : (
                  <div key={name}>
                    <dt>{t(`reference.figure.${name}`)}</dt>
                    <dd>{format.decimal(Number(value), digitsOf(name))}</dd>
                  </div>
                );
              })}
            </dl>
          </div>
        ),
      )}
    </>
  );
}

function TooLong({ scores }: { scores: readonly ProbeScore[] }) {
  const { t } = useTranslation('measures');
  const format = useFormat();
  return (
    <ul className={styles.long}>
      {scores.map((score, model) =>
        score.kind === 'too-long' ? (
          <li key={model}>
            {t('items.long', { letter: letterOf(model), tokens: format.count(score.tokens), limit: format.count(score.limit) })}
          </li>
        ) : null,
      )}
    </ul>
  );
}
