/**
 * The fits behind a recommendation: leave-one-out error of every form for every channel and which was taken, then one channel with its curve,
 * its forms, its parameters and what the runs do not tell. All of it goes out as JSON, the parameters as CSV.
 */
import { useState } from 'react';
import { Button, NativeSelect } from '@mantine/core';
import { CircleCheck, Download, Info, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ChannelTag, channelColour, useChannelTag } from '../../channels/channel';
import type { ChannelDecision, Decision, FitInput, FitSummary } from '../../core/laws/decision';
import type { Finding, Refusal } from '../../core/laws/fit';
import type { LawId } from '../../core/laws/law';
import type { SweepRecord } from '../../core/sweep/record';
import { useFormat } from '../../i18n/format';
import { Banner } from '../../ui/Banner';
import { Card } from '../../ui/Card';
import { saveFile } from '../../ui/save-file';
import { PlotFigure, type Plot } from './PlotFigure';

import { useFigure, useLawWords } from './words';
import styles from './Decide.module.css';

interface Props {
  sweep: Pick<SweepRecord, 'name' | 'channels' | 'base'>;
  input: FitInput;
  decision: Decision;
}

export function FitPanel({ sweep, input, decision }: Props) {
  const { t } = useTranslation('laws');
  const tag = useChannelTag();
  const [picked, setPicked] = useState<string | null>(null);
  const shown = decision.channels.find(({ channel }) => channel === picked) ?? decision.channels[0];
  if (!shown) return null;
  const save = (type: 'json' | 'csv') => {
    const text = type === 'json' ? `${JSON.stringify({ name: sweep.name, ...input, ...decision }, finite, 2)}\n` : parametersCsv(decision);
    saveFile(new Blob([text], { type: type === 'csv' ? 'text/csv' : 'application/json' }), `${sweep.name}-${t('fits.file')}.${type}`);
  };
  return (
    <Card
      title={t('fits.title')}
      data-testid="fits"
      aside={
        <div className={styles.save} role="group" aria-label={t('fits.save')}>
          {(['json', 'csv'] as const).map((type) => (
            <Button key={type} size="xs" variant="default" leftSection={<Download size={13} />} onClick={() => save(type)}>
              {t(`fits.${type}`)}
            </Button>
          ))}
        </div>
      }
    >
      <p className={styles.note}>{t('fits.lead')}</p>
      <Overview decision={decision} sweep={sweep} onPick={setPicked} />
      {decision.channels.length > 1 && (
        <NativeSelect
          size="xs"
          className={styles.pick}
          label={t('fits.channel')}
          value={shown.channel}
          onChange={(event) => setPicked(event.currentTarget.value)}
          data={decision.channels.map(({ channel }) => ({ value: channel, label: tag(channel) }))}
        />
      )}
      <ChannelFit key={shown.channel} sweep={sweep} decision={decision} input={input} shown={shown} />
      <OtherFits decision={decision} />
    </Card>
  );
}

/** Numbers that JSON has no sign for are written as pandas reads them. */
const finite = (_: string, value: unknown): unknown => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);

/** Channels down, forms across: R² of the settings that were left out. */
function Overview({ decision, sweep, onPick }: Pick<Props, 'decision' | 'sweep'> & { onPick: (channel: string) => void }) {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const tag = useChannelTag();
  const laws = [...new Set(decision.channels.flatMap(({ forms }) => forms.map(({ law }) => law)))];
  if (laws.length === 0) return null;
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('fits.overview')}>
      <table className={styles.table} data-testid="fit-overview">
        <caption>{t('fits.overview')}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('fits.channel')}
            </th>
            {laws.map((law) => (
              <th key={law} scope="col">
                {t(`law.${law as KnownLaw}.name`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {decision.channels.map(({ channel, forms, taken }) => (
            <tr key={channel}>
              <th scope="row" className={styles.first}>
                <button type="button" className={styles.link} onClick={() => onPick(channel)}>
                  <ChannelTag id={tag(channel)} corpus={corpusOf(sweep, channel)} />
                </button>
              </th>
              {laws.map((law) => {
                const fit = forms.find((form) => form.law === law)?.fit;
                return (
                  <td key={law} data-taken={law === taken || undefined}>
                    {law === taken && <CircleCheck size={12} aria-label={t('fits.taken')} />}{' '}
                    {fit?.leaveOneOut ? format.decimal(fit.leaveOneOut.r2, 4) : '—'}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Laws with words: the dynamics of one run's curve are shown on the desk. */
type KnownLaw = Exclude<LawId, 'dynamics'>;

/** A channel's corpus, which has its colour; a table's channels have none. */
export const corpusOf = ({ channels }: Pick<SweepRecord, 'channels'>, channel: string): string =>
  channels.find(({ id }) => id === channel)?.corpus || channel;

function ChannelFit({ sweep, decision, input, shown }: Props & { shown: ChannelDecision }) {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const tag = useChannelTag();
  const words = useLawWords();
  const { channel, forms, taken, curve, points, refusal } = shown;
  const best = forms.find(({ law }) => law === taken)?.fit ?? null;
  const colour = channelColour(corpusOf(sweep, channel));
  const share = decision.recommendation?.share;
  const base = sweep.base[channel] ?? input.base[channel];
  const plot: Plot = {
    title: t('fits.curve', { channel: tag(channel) }),
    xTitle: t('axis.share'),
    yTitle: t('axis.loss', { channel: tag(channel) }),
    bands: curve ? [{ colour, x: curve.share, low: curve.low, high: curve.high }] : [],
    lines: curve ? [{ colour, x: curve.share, y: curve.loss }] : [],
    dots: points.map(({ run, share: x, loss, heldOut, read }) => ({
      ...{ x, y: loss, colour: read || heldOut ? colour : 'dim', hollow: heldOut },
      name: `${input.runs[run]!.name ?? run + 1}: ${format.percent(x)}, ${format.decimal(loss, 4)}`,
    })),
    marks: share ? [{ x: share.value, name: t('axis.recommended'), colour: 'accent' }] : [],
    levels: base === undefined ? [] : [{ y: base, name: t('axis.base') }],
    xTick: (value, digits) => format.percent(value, Math.max(0, digits - 2)),
    yTick: format.decimal,
    legend: t('fits.legend'),
  };
  return (
    <section className={styles.channel} aria-label={tag(channel)} data-testid="channel-fit">
      {refusal && <RefusalLine refusal={refusal} />}
      <PlotFigure plot={plot} name={`${sweep.name}-${tag(channel)}`} />
      {best && taken && (
        <p className={styles.formula}>
          {t('fits.chosen', { law: t(`law.${taken as KnownLaw}.name`) })} <code>{t(`law.${taken as KnownLaw}.form`)}</code>{' '}
          {t('fits.why', { settings: format.count(best.settings), runs: format.count(best.runs) })}
        </p>
      )}
      <Forms forms={forms} taken={taken} />
      {best && <Parameters fit={best} />}
      <Findings findings={shown.findings} title={t('fits.unknown')} />
      {best === null && forms.length > 0 && refusal === null && <p>{words.refusal(forms[0]!.refusal!)}</p>}
    </section>
  );
}

function Forms({ forms, taken }: Pick<ChannelDecision, 'forms' | 'taken'>) {
  const { t } = useTranslation('laws');
  const format = useFormat();
  const words = useLawWords();
  if (forms.length === 0) return null;
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('fits.forms')}>
      <table className={styles.table} data-testid="fit-forms">
        <caption>{t('fits.forms')}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('fits.form')}
            </th>
            <th scope="col">{t('fits.r2')}</th>
            <th scope="col">{t('fits.looR2')}</th>
            <th scope="col">{t('fits.looError')}</th>
            <th scope="col">{t('fits.parameterCount')}</th>
          </tr>
        </thead>
        <tbody>
          {forms.map(({ law, fit, refusal }) => (
            <tr key={law} data-taken={law === taken || undefined}>
              <th scope="row" className={styles.first}>
                {t(`law.${law as KnownLaw}.name`)} {law === taken && <CircleCheck size={12} aria-label={t('fits.taken')} />}
              </th>
              {fit ? (
                <>
                  <td>{format.decimal(fit.r2, 5)}</td>
                  <td>{fit.leaveOneOut ? format.decimal(fit.leaveOneOut.r2, 5) : '—'}</td>
                  <td>{fit.leaveOneOut ? format.decimal(fit.leaveOneOut.rmse, 5) : '—'}</td>
                  <td>{format.count(fit.parameters.length)}</td>
                </>
              ) : (
                <td colSpan={4} className={styles.words}>
                  {refusal && words.refusal(refusal)}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Of the many-channel law log k + t of the paper, which alone is identified. */
function Parameters({ fit }: { fit: FitSummary }) {
  const { t } = useTranslation('laws');
  const figure = useFigure();
  const parameterName = useParameterName();
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('fits.parameters')}>
      <table className={styles.table} data-testid="fit-parameters">
        <caption>{t('fits.parameters')}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.first}>
              {t('fits.parameter')}
            </th>
            <th scope="col">{t('fits.value')}</th>
            <th scope="col">{t('fits.interval')}</th>
          </tr>
        </thead>
        <tbody>
          {fit.parameters.map(({ name, value, interval }) => (
            <tr key={name}>
              <th scope="row" className={styles.first}>
                {parameterName(fit.law, name)}
              </th>
              <td>{figure(value)}</td>
              <td>{interval ? `[${figure(interval.low)}, ${figure(interval.high)}]` : '—'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function useParameterName(): (law: LawId, name: string) => string {
  const tag = useChannelTag();
  return (law, name) => {
    const [first, ...rest] = name.split(' ');
    const channel = rest.length > 0 ? tag(rest.join(' ')) : '';
    if (law === 'exponential-many' && channel !== '') return `log k + t(${channel})`;
    if (law === 'least-squares') return `v(${tag(name)})`;
    return channel === '' ? name : `${first}(${channel})`;
  };
}

/** One row a parameter of every fit: channel, form, whether it was taken, parameter, value and interval. */
function parametersCsv({ channels }: Decision): string {
  const cell = (value: string | number | boolean) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = channels.flatMap(({ channel, forms, taken }) =>
    forms.flatMap(({ law, fit }) =>
      (fit?.parameters ?? []).map(({ name, value, interval }) => [
        ...[channel, law, law === taken, name, value, interval?.low ?? '', interval?.high ?? ''],
        ...[fit!.r2, fit!.leaveOneOut?.r2 ?? '', fit!.leaveOneOut?.rmse ?? ''],
      ]),
    ),
  );
  const head = ['channel', 'law', 'taken', 'parameter', 'value', 'low', 'high', 'r2', 'loo_r2', 'loo_rmse'];
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

/** Laws of a whole table of budgets or epochs. */
function OtherFits({ decision: { overTokens, repeats } }: Pick<Props, 'decision'>) {
  const { t } = useTranslation('laws');
  const tag = useChannelTag();
  const fits = [
    ...(overTokens ? [{ title: t('fits.overTokens'), ...overTokens }] : []),
    ...repeats.map(({ channel, ...form }) => ({ title: t('fits.repeats', { channel: tag(channel) }), ...form })),
  ];
  return fits.map(({ title, fit, refusal }) => (
    <section key={title} className={styles.channel} aria-label={title}>
      <h3>{title}</h3>
      {fit && (
        <p className={styles.formula}>
          <code>{t(`law.${fit.law as KnownLaw}.form`)}</code>
        </p>
      )}
      {fit && <Parameters fit={fit} />}
      {fit && <Findings findings={fit.findings} title={t('fits.unknown')} />}
      {refusal && <RefusalLine refusal={refusal} />}
    </section>
  ));
}

export function RefusalLine({ refusal }: { refusal: Refusal }) {
  const words = useLawWords();
  return (
    <Banner tone="warn" icon={TriangleAlert}>
      <span data-testid="refusal">{words.refusal(refusal)}</span>
    </Banner>
  );
}

export function Findings({ findings, title }: { findings: readonly Finding[]; title: string }) {
  const words = useLawWords();
  if (findings.length === 0) return null;
  return (
    <div className={styles.findings}>
      <h4>
        <Info size={13} aria-hidden /> {title}
      </h4>
      <ul>
        {[...new Set(findings.map(words.finding))].map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
}
