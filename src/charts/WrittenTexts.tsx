/**
 * What a run wrote after the prompts of its recipe at its evaluations, side by side over time, and the likeliest next tokens after the chosen
 * prompt: by the base and at the evaluation that is looked at.
 */
import { useState } from 'react';
import { NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { WrittenText } from '../core/run/types';
import type { RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import styles from './WrittenTexts.module.css';

type Evaluations = RunView['texts'];

/** Texts that stand side by side: the first, the last, and some evenly spread between them. */
const MOST_COLUMNS = 5;
/** Likeliest tokens of each of the two that are set side by side. */
const LIKELIEST = 5;

export function spread(evaluations: Evaluations, most = MOST_COLUMNS): Evaluations {
  const { length } = evaluations;
  if (length <= most) return evaluations;
  return Array.from({ length: most }, (_, at) => evaluations[Math.round((at * (length - 1)) / (most - 1))]!);
}

export interface NextToken {
  id: number;
  token: string;
  /** Null where it is not among those that were kept: less likely than `least`. */
  base: number | null;
  now: number | null;
}

/** The likeliest tokens of either, those that are likeliest now first. */
export function nextTokens(base: WrittenText['next'], now: WrittenText['next'], most = LIKELIEST): NextToken[] {
  const tokens = new Map([...now.slice(0, most), ...base.slice(0, most)].map(({ id, token }) => [id, token]));
  const p = (of: WrittenText['next'], id: number) => of.find((one) => one.id === id)?.p ?? null;
  return [...tokens]
    .map(([id, token]) => ({ id, token, base: p(base, id), now: p(now, id) }))
    .sort((a, b) => (b.now ?? 0) - (a.now ?? 0) || (b.base ?? 0) - (a.base ?? 0));
}

/** Blanks of a token are seen. */
const visible = (token: string): string => token.replaceAll(' ', '␣').replaceAll('\n', '⏎').replaceAll('\t', '⇥') || '∅';

export default function WrittenTexts({ prompts, evaluations }: { prompts: readonly string[]; evaluations: Evaluations }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const [chosen, setChosen] = useState(0);
  // Follows the run until a person moves it.
  const [moved, setMoved] = useState<number | null>(null);
  const last = evaluations.length - 1;
  const seen = moved === null ? last : Math.min(moved, last);
  const at = Math.min(chosen, prompts.length - 1);
  const base = evaluations[0]!;
  const now = evaluations[seen]!;
  const stepWords = (step: number) => (step === 0 ? t('texts.base') : t('texts.step', { step: format.count(step) }));
  const rows = nextTokens(base.texts[at]?.next ?? [], now.texts[at]?.next ?? []);
  const percent = (p: number | null, of: WrittenText['next']) =>
    p === null ? t('texts.less', { least: format.percent(of.at(-1)?.p ?? 0) }) : format.percent(p);
  const columns = seen === last ? spread(evaluations) : spread(evaluations.slice(0, seen + 1));
  return (
    <section className={styles.texts} aria-label={t('texts.title')} data-testid="written-texts">
      <div className={styles.head}>
        <h3>{t('texts.title')}</h3>
        <NativeSelect
          size="xs"
          aria-label={t('texts.prompt')}
          value={String(at)}
          onChange={(event) => setChosen(Number(event.currentTarget.value))}
          data={prompts.map((prompt, index) => ({ value: String(index), label: prompt.length > 48 ? `${prompt.slice(0, 47)}…` : prompt }))}
        />
        {last > 0 && (
          <div className={styles.when}>
            <span>{stepWords(now.step)}</span>
            <input
              type="range"
              min={0}
              max={last}
              value={seen}
              aria-label={t('texts.when')}
              aria-valuetext={stepWords(now.step)}
              onChange={({ currentTarget: { valueAsNumber } }) => setMoved(valueAsNumber === last ? null : valueAsNumber)}
            />
          </div>
        )}
      </div>
      <div className={styles.columns} role="region" aria-label={t('texts.overTime')} tabIndex={0}>
        {columns.map(({ step, texts }) => (
          <article key={step} data-step={step}>
            <h4>{stepWords(step)}</h4>
            <p>
              <span>{prompts[at]}</span>
              {texts[at]?.text || <em>{t('texts.nothing')}</em>}
            </p>
          </article>
        ))}
      </div>
      {rows.length > 0 && (
        <table className={styles.next}>
          <caption>{t('texts.next')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('texts.token')}</th>
              <th scope="col">{t('base')}</th>
              {seen > 0 && <th scope="col">{stepWords(now.step)}</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, token, base: before, now: present }) => (
              <tr key={id}>
                <th scope="row">
                  <code>{visible(token)}</code>
                </th>
                <td data-kind="base">
                  <i style={{ width: `${(before ?? 0) * 100}%` }} />
                  <span>{percent(before, base.texts[at]?.next ?? [])}</span>
                </td>
                {seen > 0 && (
                  <td>
                    <i style={{ width: `${(present ?? 0) * 100}%` }} />
                    <span>{percent(present, now.texts[at]?.next ?? [])}</span>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
