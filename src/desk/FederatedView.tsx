/** The clients of a federated run: what text each has, what it counts, and how the common model does on it, with its curve over the rounds. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelTag } from '../channels/channel';
import { pathThrough } from '../charts/svg';
import { clientsOf, epsilonOf, type Client } from '../core/federated/clients';
import { sharesOf } from '../core/recipe/edits';
import type { Recipe } from '../core/recipe/schema';
import type { RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { useRecipe } from './recipe-store';
import { useRun } from './run-store';
import styles from './FederatedView.module.css';

const WIDTH = 800;
const HEIGHT = 120;
/** Told apart by colour and, where colours come again, by dash. */
const COLOURS = ['zh', 'en', 'code', 'domain', 'extra-0', 'extra-1', 'extra-2', 'extra-3'];
const DASHES = ['none', '6 3', '2 3'];

const lineOf = (index: number) => ({
  stroke: `var(--channel-${COLOURS[index % COLOURS.length]!})`,
  strokeDasharray: DASHES[Math.floor(index / COLOURS.length) % DASHES.length]!,
});

type Curve = readonly (readonly [step: number, loss: number])[];

/** Held-out loss of the common model on a client's mixture, at each evaluation that has all of its channels. */
function curveOf({ shares }: Pick<Client, 'shares'>, heldOut: RunView['heldOut']): Curve {
  const own = Object.entries(shares).filter(([, share]) => share > 0);
  const [first] = own;
  const along = first && heldOut[first[0]];
  if (!along) return [];
  return Array.from(along.x, (step, at): [number, number] => [
    step,
    own.reduce((sum, [id, share]) => sum + share * (heldOut[id]?.y[at] ?? Number.NaN), 0),
  ]).filter(([, loss]) => Number.isFinite(loss));
}

function Clients({ recipe, heldOut, step }: { recipe: Recipe; heldOut: RunView['heldOut']; step: number }) {
  const { t } = useTranslation('recipe');
  const format = useFormat();
  const tag = useChannelTag();
  const rows = useMemo(() => {
    const shares = sharesOf(recipe);
    const clients = clientsOf(recipe, shares).map((client) => ({ client, weight: client.weight, shares: client.shares }));
    return [...clients, { client: null, weight: 1, shares }].map((row) => ({ ...row, curve: curveOf(row, heldOut) }));
  }, [recipe, heldOut]);
  const drawn = rows.filter(({ curve }) => curve.length > 1);
  const losses = drawn.flatMap(({ curve }) => curve.map(([, loss]) => loss));
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const path = (curve: Curve) =>
    pathThrough(
      curve.map(
        ([at, loss]) => [(at / recipe.budget.steps) * WIDTH, 6 + ((high - loss) / Math.max(1e-9, high - low)) * (HEIGHT - 12)] as const,
      ),
    );
  const privacy = recipe.federated?.privacy;
  return (
    <section className={styles.card} data-testid="federated" aria-label={t('federated.card')}>
      <header>
        <h2>{t('federated.card')}</h2>
        <p>{t('federated.cardHelp')}</p>
      </header>
      {drawn.length > 0 && (
        <figure>
          <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={t('federated.curves')}>
            {drawn.map(({ client, curve }) => (
              <path
                key={client?.index ?? 'all'}
                d={path(curve)}
                fill="none"
                strokeWidth={client ? 1.6 : 2.8}
                vectorEffect="non-scaling-stroke"
                {...(client ? lineOf(client.index) : { stroke: 'var(--ink)' })}
              />
            ))}
          </svg>
          <figcaption>
            {format.loss(low)} … {format.loss(high)}
          </figcaption>
        </figure>
      )}
      <div className={styles.scroll}>
        <table>
          <thead>
            <tr>
              {(['client', 'text', 'weight', 'loss', 'delta0'] as const).map((column) => (
                <th key={column} scope="col">
                  {t(`federated.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ client, weight, shares, curve }) => {
              const [base, last] = [curve[0]?.[1], curve.at(-1)?.[1]];
              return (
                <tr key={client?.index ?? 'all'} data-all={client === null || undefined}>
                  <th scope="row">
                    <svg width="18" height="8" aria-hidden>
                      <path d="M0 4H18" strokeWidth={client ? 2 : 3} {...(client ? lineOf(client.index) : { stroke: 'var(--ink)' })} />
                    </svg>
                    {client === null
                      ? t('federated.global')
                      : client.channel === null
                        ? t('federated.number', { number: client.index + 1 })
                        : tag(client.channel)}
                  </th>
                  <td>
                    {Object.entries(shares)
                      .filter(([, share]) => share >= 0.005)
                      .map(([id, share]) => `${tag(id)} ${format.percent(share, 0)}`)
                      .join(' · ')}
                  </td>
                  <td>{format.percent(weight)}</td>
                  <td>{format.loss(last ?? null)}</td>
                  <td>{format.delta(base === undefined || last === undefined || curve.length < 2 ? null : last - base)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {privacy && (
        <p className={styles.privacy}>
          {t('federated.spent', {
            epsilon: format.decimal(epsilonOf(recipe, step), 2),
            delta: String(privacy.delta),
            rounds: format.count(step),
          })}
        </p>
      )}
    </section>
  );
}

const BARS = { width: 168, height: 28 };

/** Values as bars about 0, the longest as high as the figure. */
function Bars({ values, most, label }: { values: readonly number[]; most: number; label: string }) {
  const { width, height } = BARS;
  const wide = width / values.length;
  const path = values
    .map((value, at) => {
      const size = (Math.max(-1, Math.min(1, value / Math.max(1e-30, most))) * height) / 2;
      return `M${(at + 0.5) * wide} ${height / 2}v${-size}`;
    })
    .join('');
  return (
    <svg className={styles.bars} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <path d={`M0 ${height / 2}H${width}`} stroke="var(--line-strong)" strokeWidth="1" />
      <path d={path} stroke="currentColor" strokeWidth={Math.max(1, wide - 2)} fill="none" />
    </svg>
  );
}

/** What the server sees of each client's update beside that update itself, and that the masks cancel in the sum. */
function Masked({ recipe, masked: { step, round } }: { recipe: Recipe; masked: NonNullable<RunView['masked']> }) {
  const { t } = useTranslation('recipe');
  const format = useFormat();
  const tag = useChannelTag();
  const { parameter, clients, sum, plain, error } = round;
  const known = clientsOf(recipe, sharesOf(recipe));
  const nameOf = (index: number) => {
    const channel = known.find((client) => client.index === index)?.channel ?? null;
    return channel === null ? t('federated.number', { number: index + 1 }) : tag(channel);
  };
  const most = Math.max(...clients.flatMap(({ update }) => update.map(Math.abs)), ...plain.map(Math.abs));
  const row = (name: string, own: readonly number[], sent: readonly number[] | null, note: string, height: number) => (
    <tr key={name}>
      <th scope="row">{name}</th>
      <td>
        <Bars values={own} most={most} label={t('federated.bars', { what: t('federated.update'), client: name })} />
      </td>
      <td>{sent ? <Bars values={sent} most={height} label={t('federated.bars', { what: t('federated.sent'), client: name })} /> : note}</td>
    </tr>
  );
  return (
    <section className={styles.masked} data-testid="masked" aria-label={t('federated.masked', { round: format.count(step) })}>
      <h3>{t('federated.masked', { round: format.count(step) })}</h3>
      <p>{t('federated.maskedHelp', { count: format.count(plain.length), parameter })}</p>
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('federated.sent')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('federated.client')}</th>
              <th scope="col">{t('federated.update')}</th>
              <th scope="col">{t('federated.sent')}</th>
            </tr>
          </thead>
          <tbody>
            {clients.map(({ index, update, sent }) => row(nameOf(index), update, sent, t('federated.lost'), 1))}
            {row(t('federated.sum'), plain, sum, t('federated.givenUp'), most)}
          </tbody>
        </table>
      </div>
      {sum && (
        <p>
          {t('federated.cancelled', {
            error: error.toExponential(1),
            likeness: format.decimal(Math.max(...clients.map(({ likeness }) => Math.abs(likeness))), 4),
          })}
        </p>
      )}
    </section>
  );
}

const NOTHING: RunView['heldOut'] = {};

/** Of the run on the desk, else of the recipe there; nothing where neither is federated. */
export default function FederatedView() {
  const run = useRun((state) => state.run);
  const own = useRecipe((state) => state.recipe);
  const shown = run?.recipe.federated ? { recipe: run.recipe, heldOut: run.heldOut, step: run.step } : null;
  const masked = shown && run?.masked;
  const planned = own?.federated ? { recipe: own, heldOut: NOTHING, step: 0 } : null;
  const clients = shown ?? planned;
  return (
    clients && (
      <Card>
        <Clients {...clients} />
        {masked && <Masked recipe={run.recipe} masked={masked} />}
      </Card>
    )
  );
}
