/** Answers about a text's tokens: what each adds to the prediction, and what a replaced part changes behind it. */
import type { CSSProperties } from 'react';
import { SegmentedControl, VisuallyHidden } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { Delta } from '../../ui/Figure';
import { Letter } from '../../ui/marks';
import { letterOf, PLACES } from '../address';
import { visibleText } from '../figures';
import { useMeasures } from '../measures';
import { METHODS, useExplain } from '../internals/store';
import styles from './Explain.module.css';

/** Tokens coloured by a value each: raised by it, or lowered. */
function ColouredTokens({ tokens, values, label }: { tokens: readonly string[]; values: readonly number[]; label: string }) {
  const format = useFormat();
  const most = Math.max(1e-9, ...values.map(Math.abs));
  return (
    <div className={styles.tokens} role="group" aria-label={label} tabIndex={0}>
      {tokens.map((text, at) => (
        <span
          key={at}
          className={styles.token}
          title={`${visibleText(text)} ${format.delta(values[at]!)}`}
          data-direction={Math.abs(values[at]!) < 0.005 ? 'same' : values[at]! > 0 ? 'better' : 'worse'}
          style={{ '--strength': Math.abs(values[at]!) / most } as CSSProperties}
        >
          {text}
        </span>
      ))}
    </div>
  );
}

export function AttributionResult({ written }: { written: string }) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const result = useMeasures((state) => state.results.attribution);
  const { method, target, ask } = useExplain();
  if (!result) return null;
  const { tokens, target: explained, models } = result.view;
  const shown = tokens.map((token, at) => (at === 0 ? t('token.start') : token));
  return (
    <div className={styles.result}>
      {(result.text !== written || result.target !== target) && <p className={styles.stale}>{t('attention.stale')}</p>}
      <p role="status">
        {t('explain.attribution.explained')} <code>{visibleText(explained)}</code>
      </p>
      <SegmentedControl
        size="xs"
        className={styles.methods ?? ''}
        aria-label={t('explain.attribution.method')}
        value={method}
        onChange={(next) => ask({ method: next })}
        data={METHODS.map((value) => ({ value, label: t(`explain.method.${value}`) }))}
      />
      {models.map((model, at) => {
        if (!model)
          return (
            <p key={at} className={styles.stale}>
              {t('incompatible.tokens', { letter: letterOf(at) })}
            </p>
          );
        const { values, residue, steps, rSquared } = model.methods[method];
        const difference = model.value - model.baseline;
        return (
          <section key={at} className={styles.model} aria-label={letterOf(at)} data-testid={`attribution-${letterOf(at)}`}>
            <p className={styles.line}>
              <Letter place={PLACES[at]!} size="small" />
              <span>
                {t('explain.attribution.value', {
                  value: format.loss(model.value),
                  baseline: format.loss(model.baseline),
                  difference: format.delta(difference),
                })}
              </span>
              <span>
                {t('explain.attribution.sum', { sum: format.delta(difference - residue), residue: format.delta(residue) })}
                {steps !== undefined && ` ${t('explain.attribution.steps', { steps: format.count(steps) })}`}
                {rSquared !== undefined && ` ${t('explain.attribution.fit', { share: format.percent(rSquared, 0) })}`}
              </span>
            </p>
            <ColouredTokens
              tokens={shown.map((token, at) => (at === 0 ? `${token} ` : token))}
              values={values}
              label={t('explain.attribution.tokens', { letter: letterOf(at) })}
            />
          </section>
        );
      })}
      <p className={styles.note}>{t(`explain.complete.${method}`)}</p>
      <div className={styles.scroll} role="region" aria-label={t('explain.attribution.table')} tabIndex={0}>
        <table className={styles.table} data-testid="attribution-table">
          <caption>{t('explain.attribution.table')}</caption>
          <thead>
            <tr>
              <th scope="col" className={styles.first}>
                {t('explain.token')}
              </th>
              {models.map((_, at) => (
                <th key={at} scope="col">
                  {letterOf(at)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((token, at) => (
              <tr key={at}>
                <th scope="row" className={styles.first}>
                  <code>{visibleText(token)}</code>
                </th>
                {models.map((model, index) => (
                  <td key={index}>{format.delta(model?.methods[method].values[at] ?? null)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

export function CounterfactualResult({ written }: { written: string }) {
  const { t } = useTranslation('internals');
  const format = useFormat();
  const result = useMeasures((state) => state.results.counterfactual);
  if (!result) return null;
  const { change, view } = result;
  const { text, from, to, replacement } = change;
  return (
    <div className={styles.result} data-testid="counterfactual">
      {text !== written && <p className={styles.stale}>{t('attention.stale')}</p>}
      <p className={styles.changed}>
        {text.slice(0, from)}
        <del>{text.slice(from, to)}</del>
        <ins>{replacement}</ins>
        {text.slice(to)}
      </p>
      <div className={styles.scroll} role="region" aria-label={t('explain.counterfactual.losses')} tabIndex={0}>
        <table className={styles.table}>
          <caption>{t('explain.counterfactual.losses')}</caption>
          <thead>
            <tr>
              <th scope="col" className={styles.first}>
                <VisuallyHidden>{t('explain.counterfactual.weights')}</VisuallyHidden>
              </th>
              <th scope="col">{t('explain.counterfactual.before')}</th>
              <th scope="col">{t('explain.counterfactual.after')}</th>
              <th scope="col">Δ</th>
              <th scope="col">{t('explain.counterfactual.behind')}</th>
              <th scope="col">{t('explain.counterfactual.divergence')}</th>
            </tr>
          </thead>
          <tbody>
            {view.models.map(({ loss, following, divergence }, at) => (
              <tr key={at}>
                <th scope="row" className={styles.first}>
                  {letterOf(at)}
                </th>
                <td>{format.loss(loss.before)}</td>
                <td>{format.loss(loss.after)}</td>
                <td>
                  <Delta value={loss.after - loss.before} />
                </td>
                <td>
                  <Delta value={following.reduce((sum, one) => sum + one.after - one.before, 0)} />
                </td>
                <td>{format.decimal(divergence, 4)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {view.models.map(({ following, next }, at) => (
        <section key={at} className={styles.model} aria-label={letterOf(at)}>
          <p className={styles.line}>
            <Letter place={PLACES[at]!} size="small" />
            <span>{t('explain.counterfactual.following')}</span>
          </p>
          {following.length > 0 && (
            <ColouredTokens
              tokens={following.map((token) => token.text)}
              values={following.map(({ before, after }) => before - after)}
              label={t('explain.counterfactual.following')}
            />
          )}
          <ul className={styles.next} aria-label={t('explain.counterfactual.next')}>
            {next.map((token, place) => (
              <li key={place}>
                <code>{visibleText(token.text)}</code> {format.percent(token.before)} → {format.percent(token.after)}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
