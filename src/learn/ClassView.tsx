/** A class's runs side by side, from the files that pupils hand in: small curves on one scale, and gain against retention. Nothing is kept. */
import { useMemo, useState } from 'react';
import { Button } from '@mantine/core';
import { Printer, Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { channelColour, ChannelTag } from '../channels/channel';
import { DeltaCurves } from '../charts/Sparkline';
import { roundTicks } from '../charts/ticks';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { roleLoss, scoreOf } from '../core/lesson/lesson';
import { RETENTION_LINE } from '../core/metrics/loss';
import { parseRunFile, type RunDocument } from '../core/run/run-file';
import { useFormat } from '../i18n/format';
import { RUN_FILE } from '../core/text/file-name';
import { ErrorBanner } from '../ui/Banner';
import { Card } from '../ui/Card';
import { Delta } from '../ui/Figure';
import { FileDrop } from '../ui/FileDrop';
import styles from './Learn.module.css';

/** Runs that stand side by side. */
const MOST_RUNS = 200;

interface HandedIn {
  /** The file's name without its ending: pupils name their files. */
  name: string;
  document: RunDocument;
  /** Fall of the domain's loss, nats; null without a base or a domain. */
  gain: number | null;
  retention: number | null;
  /** Of the prediction; null without one. */
  points: number | null;
}

function handedIn(name: string, document: RunDocument): HandedIn {
  const { base, evaluations, run } = document;
  const lossesOf = ({ channels }: (typeof evaluations)[number]) =>
    Object.fromEntries(Object.entries(channels).map(([id, { loss }]) => [id, loss]));
  const loss = (at: (typeof evaluations)[number] | null | undefined, role: 'general' | 'domain') =>
    at ? roleLoss(run.recipe, role, lossesOf(at)) : null;
  const last = evaluations.at(-1);
  const [before, after] = [loss(base, 'domain'), loss(last, 'domain')];
  const foretold = run.lesson?.prediction;
  const measured = foretold
    ? evaluations.flatMap((row) => {
        const value = loss(row, foretold.of);
        return value === null ? [] : [{ step: row.step, loss: value }];
      })
    : [];
  return {
    ...{ name, document, retention: last?.retention ?? null },
    gain: before === null || after === null ? null : before - after,
    points: foretold && measured.length > 0 ? (scoreOf(foretold, measured)?.points ?? null) : null,
  };
}

export default function ClassView() {
  const { t } = useTranslation('learn');
  const [runs, setRuns] = useState<readonly HandedIn[]>([]);
  const [errors, setErrors] = useState<readonly ErrorRecord[]>([]);
  const take = async (files: readonly File[]) => {
    const found: HandedIn[] = [];
    const faults: ErrorRecord[] = [];
    for (const file of files.slice(0, MOST_RUNS))
      try {
        found.push(handedIn(file.name.replace(/\.crossfade$/, ''), parseRunFile(file.name, new Uint8Array(await file.arrayBuffer()))));
      } catch (error) {
        faults.push(errorRecord(error));
      }
    const names = new Set(found.map(({ name }) => name));
    setErrors(faults);
    setRuns((former) =>
      [...former.filter(({ name }) => !names.has(name)), ...found]
        .slice(-MOST_RUNS)
        .sort((one, other) => one.name.localeCompare(other.name)),
    );
  };
  return (
    <>
      {errors.map((error) => (
        <ErrorBanner key={error.message} error={error} onDismiss={() => setErrors(errors.filter((one) => one !== error))} />
      ))}
      <Card
        title={t('class.title')}
        aside={
          runs.length > 0 && (
            <div className={styles.buttons}>
              <Button size="xs" variant="default" leftSection={<Printer size={13} />} onClick={() => window.print()}>
                {t('print')}
              </Button>
              <Button size="xs" variant="default" leftSection={<Trash2 size={13} />} onClick={() => setRuns([])}>
                {t('class.clear')}
              </Button>
            </div>
          )
        }
      >
        <p className={styles.dim}>{t('class.text')}</p>
        <div className={styles.noPrint}>
          <FileDrop
            title={t('class.drop')}
            hint={t('class.hint')}
            pick={t('class.pick')}
            pickFolder={t('class.pickFolder')}
            accept={RUN_FILE}
            onFiles={(_, { files }) => void take(files.map(({ file }) => file).filter(({ name }) => name.endsWith(RUN_FILE)))}
          />
        </div>
      </Card>
      {runs.length > 0 && (
        <>
          <GainScatter runs={runs} />
          <Multiples runs={runs} />
        </>
      )}
    </>
  );
}

function Multiples({ runs }: { runs: readonly HandedIn[] }) {
  const { t } = useTranslation('learn');
  const format = useFormat();
  const drawn = useMemo(
    () =>
      runs.map((run) => {
        const { base, evaluations, run: own } = run.document;
        const first = base ?? evaluations[0];
        const curves = own.recipe.channels.flatMap(({ id, corpus }) => {
          const before = first?.channels[id]?.loss;
          if (before === undefined) return [];
          const points = evaluations.flatMap(({ step, channels }) => (channels[id] ? [[step, channels[id].loss - before] as const] : []));
          return [{ id, colour: channelColour(corpus), points }];
        });
        return { ...run, curves };
      }),
    [runs],
  );
  const all = drawn.flatMap(({ curves }) => curves.flatMap(({ points }) => points.map(([, difference]) => difference)));
  const [low, high] = [Math.min(-0.1, ...all), Math.max(0.1, ...all)];
  const channels = [...new Map(runs.flatMap(({ document }) => document.run.recipe.channels.map(({ id, corpus }) => [id, corpus])))];
  return (
    <Card title={t('class.runs', { count: runs.length })}>
      <p className={styles.legend}>
        {channels.map(([id, corpus]) => (
          <ChannelTag key={id} id={id} corpus={corpus} />
        ))}
        <span>{t('class.scale', { low: format.delta(low), high: format.delta(high) })}</span>
      </p>
      <ol className={styles.multiples}>
        {drawn.map(({ name, curves, gain, retention, points, document }, at) => (
          <li key={name} data-testid="pupil">
            <h3>
              <span>{at + 1}</span> {name}
            </h3>
            <DeltaCurves
              {...{ curves, low, high }}
              last={document.run.step}
              label={t('class.curves', { name })}
              className={styles.curves}
            />
            <dl>
              <dt>{t('class.gain')}</dt>
              <dd>
                <Delta value={gain === null ? null : -gain} />
              </dd>
              <dt>{t('class.retention')}</dt>
              <dd>{format.retention(retention)}</dd>
              <dt>{t('class.seed')}</dt>
              <dd>{document.run.recipe.seed}</dd>
              {points !== null && (
                <>
                  <dt>{t('class.points')}</dt>
                  <dd>{format.count(points)}</dd>
                </>
              )}
            </dl>
          </li>
        ))}
      </ol>
    </Card>
  );
}

const [WIDTH, HEIGHT] = [640, 300];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 20, 14, 42];

/** Each run at what it learnt and what it kept: its number stands at its mark. */
function GainScatter({ runs }: { runs: readonly HandedIn[] }) {
  const { t } = useTranslation('learn');
  const format = useFormat();
  const placed = runs.flatMap(({ name, gain, retention }, at) =>
    gain === null || retention === null ? [] : [{ name, gain, retention, at }],
  );
  if (placed.length === 0) return null;
  const gains = placed.map(({ gain }) => gain);
  const kept = placed.map(({ retention }) => retention);
  const room = (low: number, high: number) => ({ low: low - 0.06 * (high - low), high: high + 0.06 * (high - low) });
  const across = room(Math.min(0, ...gains), Math.max(0.1, ...gains));
  const up = room(Math.min(0.9, ...kept), Math.max(1, ...kept));
  const x = (gain: number) => LEFT + ((gain - across.low) / (across.high - across.low)) * (WIDTH - LEFT - RIGHT);
  const y = (retention: number) => TOP + ((up.high - retention) / (up.high - up.low)) * (HEIGHT - TOP - BOTTOM);
  const [xs, ys] = [roundTicks(across.low, across.high, 7), roundTicks(up.low, up.high, 6)];
  const said = placed.map(({ name, gain, retention }) =>
    t('class.point', { name, gain: format.delta(gain), retention: format.retention(retention) }),
  );
  return (
    <Card title={t('class.scatter')}>
      <svg
        className={styles.scatter}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${t('class.scatter')}. ${said.join('; ')}`}
      >
        {ys.ticks.map((tick) => (
          <g key={tick}>
            <path d={`M${LEFT} ${y(tick)}H${WIDTH - RIGHT}`} className={styles.grid} />
            <text x={LEFT - 7} y={y(tick) + 4} textAnchor="end">
              {format.decimal(tick, ys.digits)}
            </text>
          </g>
        ))}
        {xs.ticks.map((tick) => (
          <text key={tick} x={x(tick)} y={HEIGHT - BOTTOM + 16} textAnchor="middle">
            {format.decimal(tick, xs.digits)}
          </text>
        ))}
        <path d={`M${LEFT} ${y(RETENTION_LINE)}H${WIDTH - RIGHT}`} className={styles.retentionLine} />
        <text x={WIDTH - RIGHT} y={HEIGHT - 8} textAnchor="end">
          {t('class.gainAxis')}
        </text>
        <text x={LEFT} y={HEIGHT - 8}>
          {t('class.retentionAxis')}
        </text>
        {placed.map(({ name, gain, retention, at }) => (
          <g key={name} transform={`translate(${x(gain)} ${y(retention)})`}>
            <title>{name}</title>
            <circle r="9" className={styles.mark} data-lost={retention < RETENTION_LINE} />
            <text className={styles.markNumber} y="3.5" textAnchor="middle">
              {at + 1}
            </text>
          </g>
        ))}
      </svg>
    </Card>
  );
}
