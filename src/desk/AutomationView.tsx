/** Automation as it acts: the mixture over the steps with its planned part ahead, and on each strip whether hand or rule moves the fader. */
import { useMemo } from 'react';
import { Button } from '@mantine/core';
import { Hand, Route } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { channelColour, useChannelTag } from '../channels/channel';
import { pathThrough } from '../charts/svg';
import { stagedShares } from '../core/mixture/automation';
import { sharesOf } from '../core/recipe/edits';
import type { Recipe } from '../core/recipe/schema';
import type { RunEvent } from '../core/run/events';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { giveBack, useActive } from './live-settings';
import { useRecipe } from './recipe-store';
import { useRun } from './run-store';
import { SaveChart } from '../ui/SaveChart';
import styles from './AutomationView.module.css';

const WIDTH = 800;
const HEIGHT = 120;
/** Points of the planned part ahead at most. */
const AHEAD = 160;

const NO_EVENTS: readonly RunEvent[] = [];

type Point = readonly [step: number, share: number];

/** Each channel's share over the steps so far, as a line of steps. @param step finished steps */
function sharesSoFar(recipe: Recipe, events: readonly RunEvent[], step: number): Record<string, Point[]> {
  const now = sharesOf(recipe);
  const lines = Object.fromEntries(Object.entries(now).map(([id, share]) => [id, [[0, share]] as Point[]]));
  for (const event of events)
    if (event.type === 'mixture')
      for (const [id, share] of Object.entries(event.after)) {
        lines[id]?.push([event.step, now[id] ?? 0], [event.step, share]);
        now[id] = share;
      }
  for (const [id, line] of Object.entries(lines)) line.push([step, now[id] ?? 0]);
  return lines;
}

/** What a plan by step has ahead; null where the rule decides by what will be measured. */
function sharesAhead({ automation, ...recipe }: Recipe, step: number): Record<string, Point[]> | null {
  if (automation?.kind !== 'stages') return null;
  const { steps } = recipe.budget;
  const count = Math.min(AHEAD, steps - step);
  const places = Array.from({ length: count + 1 }, (_, at) => Math.round(step + (at / Math.max(1, count)) * (steps - step)));
  for (const stage of automation.stages) if (stage.step > step) places.push(stage.step - 1, stage.step);
  places.sort((one, other) => one - other);
  const planned = places.map((at) => [at, stagedShares(recipe, automation, at)] as const);
  return Object.fromEntries(recipe.channels.map(({ id }) => [id, planned.map(([at, shares]) => [at, shares[id] ?? 0] as const)]));
}

function MixtureLines({ recipe, events, step }: { recipe: Recipe; events: readonly RunEvent[]; step: number }) {
  const { t } = useTranslation('recipe');
  const format = useFormat();
  const tag = useChannelTag();
  const { steps } = recipe.budget;
  const drawn = useMemo(() => sharesSoFar(recipe, events, step), [recipe, events, step]);
  const ahead = useMemo(() => sharesAhead(recipe, step), [recipe, step]);
  const top = Math.max(
    0.1,
    ...[drawn, ahead ?? {}].flatMap((lines) => Object.values(lines).flatMap((line) => line.map(([, share]) => share))),
  );
  const path = (line: readonly Point[] | undefined) =>
    pathThrough((line ?? []).map(([at, share]) => [(at / steps) * WIDTH, HEIGHT - 4 - (share / top) * (HEIGHT - 12)] as const));
  const kind = recipe.automation!.kind;
  return (
    <figure className={styles.figure} data-chart data-testid="automation">
      <figcaption>
        <SaveChart
          title={t('automation.chart', { rule: t(`automation.value.${kind}`) })}
          name="automation"
          table={() => ({
            columns: ['channel', 'step', 'share'],
            rows: recipe.channels.flatMap(({ id }) => drawn[id]!.map(([step, share]) => [id, step, share])),
          })}
        />
        <b>{t('automation.chart', { rule: t(`automation.value.${kind}`) })}</b>
        <span>{t(ahead ? 'automation.planned' : 'automation.decides')}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
        <path d={`M0 ${HEIGHT - 4}H${WIDTH}`} stroke="var(--line-strong)" vectorEffect="non-scaling-stroke" />
        {recipe.channels.map(({ id, corpus }) => (
          <g key={id} fill="none" stroke={channelColour(corpus)} strokeWidth="1.8">
            <path d={path(drawn[id])} vectorEffect="non-scaling-stroke" />
            {ahead && <path d={path(ahead[id])} strokeDasharray="4 4" vectorEffect="non-scaling-stroke" />}
          </g>
        ))}
      </svg>
      <ul className={styles.legend}>
        {recipe.channels.map(({ id, corpus }) => (
          <li key={id}>
            <i style={{ background: channelColour(corpus) }} aria-hidden />
            {tag(id)} <b>{format.percent(drawn[id]!.at(-1)![1])}</b>
          </li>
        ))}
        <li>{t('automation.axis', { top: format.percent(top), steps: format.count(steps) })}</li>
      </ul>
    </figure>
  );
}

/** Hand or rule, with the way back to the rule. */
function RuleMark({ channel }: { channel: string }) {
  const { t } = useTranslation('recipe');
  const tag = useChannelTag()(channel);
  const held = useRun(({ run, draft }) => (draft?.held ?? run?.settings.held ?? []).includes(channel));
  const active = useActive();
  if (!active || !held)
    return (
      <div className={styles.mark}>
        <Route size={13} aria-hidden /> {t('automation.byRule')}
      </div>
    );
  return (
    <div className={styles.mark} data-hand>
      <Hand size={13} aria-hidden /> {t('automation.byHand')}
      <Button
        size="compact-xs"
        variant="light"
        aria-label={t('automation.giveBackLabel', { channel: tag })}
        onClick={() => giveBack(channel)}
      >
        {t('automation.giveBack')}
      </Button>
    </div>
  );
}

/** @param channel of a strip; absent: the picture of the whole mixture */
export default function AutomationView({ channel }: { channel?: string }) {
  const run = useRun((state) => state.run);
  const own = useRecipe((state) => state.recipe);
  if (channel !== undefined) return <RuleMark channel={channel} />;
  if (run?.recipe.automation)
    return (
      <Card>
        <MixtureLines recipe={run.recipe} events={run.events} step={run.step} />
      </Card>
    );
  return own?.automation ? (
    <Card>
      <MixtureLines recipe={own} events={NO_EVENTS} step={0} />
    </Card>
  ) : null;
}
