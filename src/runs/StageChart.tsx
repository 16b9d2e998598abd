/** What each stage of a chain did to each channel: its held-out loss against the base from stage to stage, and every gain and loss in words. */
import { useTranslation } from 'react-i18next';
import { channelColour, ChannelTag, useChannelTag } from '../channels/channel';
import { LineFigure } from '../charts/Picture';
import type { Line } from '../charts/still-charts';
import { stageChanges, type LifelongMatrix, type StageChange } from '../core/run/lifelong';
import { useFormat } from '../i18n/format';
import styles from './Lifelong.module.css';

const SIZE = { fontSize: 12, width: 640, height: 260 };
const MOST_NAME = 16;

export function StageChart({ matrix, name }: { matrix: LifelongMatrix; name: string }) {
  const { t } = useTranslation('runs');
  const tag = useChannelTag();
  const { channels, base, stages } = matrix;
  const names = [t('chain.base'), ...stages.map((stage) => stage.name)];
  const change = (channel: number) =>
    [base, ...stages.map(({ loss }) => loss)].map((losses) => {
      const [from, now] = [base[channel] ?? null, losses[channel] ?? null];
      return from === null || now === null ? null : now - from;
    });
  const lines = channels.map(({ id, corpus }, at): Line => ({
    name: tag(id),
    colour: channelColour(corpus),
    dots: true,
    x: names.map((_, stage) => stage),
    y: change(at),
  }));
  const chart = {
    title: t('chain.chart'),
    xTitle: t('chain.afterStage'),
    lines,
    digits: 2,
    level: { value: 0, label: '' },
    ticks: names.map((_, stage) => stage),
    tick: (stage: number) => shortened(names[stage] ?? ''),
  };
  return (
    <LineFigure
      chart={chart}
      size={SIZE}
      name={name}
      className={styles.figure}
      captionClass={styles.note}
      table={() => ({
        columns: ['stage', 'channel', 'loss', 'change'],
        rows: channels.flatMap(({ id }, at) =>
          [base, ...stages.map(({ loss }) => loss)].map((losses, stage) => [
            names[stage]!,
            tag(id),
            losses[at] ?? null,
            change(at)[stage] ?? null,
          ]),
        ),
      })}
    >
      <Changes matrix={matrix} />
    </LineFigure>
  );
}

const shortened = (name: string): string => (name.length > MOST_NAME ? `${name.slice(0, MOST_NAME - 1)}…` : name);

/** Of each stage, what it gained and what it lost. */
function Changes({ matrix }: { matrix: LifelongMatrix }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const corpusOf = new Map(matrix.channels.map(({ id, corpus }) => [id, corpus]));
  const shown = (changes: readonly StageChange[]) =>
    changes.map(({ channel, change }) => (
      <span key={channel} className={styles.change}>
        <ChannelTag id={channel} corpus={corpusOf.get(channel) ?? channel} /> {format.delta(change)}
      </span>
    ));
  return (
    <dl className={styles.changes}>
      {stageChanges(matrix).map(({ gains, losses }, at) => (
        <div key={matrix.stages[at]!.run}>
          <dt>{matrix.stages[at]!.name}</dt>
          {gains.length === 0 && losses.length === 0 && <dd>{t('chain.unmoved')}</dd>}
          {gains.length > 0 && (
            <dd>
              {t('chain.gained')} {shown(gains)}
            </dd>
          )}
          {losses.length > 0 && (
            <dd>
              {t('chain.lost')} {shown(losses)}
            </dd>
          )}
        </div>
      ))}
    </dl>
  );
}
