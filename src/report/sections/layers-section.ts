/** Where in the model the training acted: change of weights and of attention, layer by layer. */
import type { WeightPlace } from '../../core/metrics/weight-parts';
import type { Block, Cell, Section } from '../document';
import type { Naming } from '../naming';
import type { Report } from '../report';
import type { ReportWords } from '../words';

export function layersSection({ layers, attention, weights }: Report, { t, format }: ReportWords, naming: Naming): Section | null {
  if (!layers && !attention) return null;
  const name = (place: WeightPlace) =>
    typeof place === 'number' ? t('layers.layer', { layer: format.count(place + 1) }) : t(`layers.${place}`);
  const blocks: Block[] = [{ kind: 'text', text: t('layers.text') }];
  for (const { letter, places } of layers ?? [])
    blocks.push({
      kind: 'bars',
      chart: {
        title: t('layers.chart', { letter }),
        bars: places.map(({ place, relative }) => ({
          name: name(place),
          colour: naming.weightsColour(letter),
          value: relative ?? 0,
          interval: null,
          text: format.percent(relative, 2),
        })),
      },
    });
  const all = new Set<WeightPlace>([...(layers?.[0]?.places.map(({ place }) => place) ?? []), ...(attention?.divergence[1]?.keys() ?? [])]);
  const measured = weights.slice(1).map(({ letter }, at) => ({
    letter,
    places: layers?.find((one) => one.letter === letter)?.places,
    divergence: attention?.divergence[at + 1],
  }));
  blocks.push({
    kind: 'table',
    table: {
      caption: t('layers.table'),
      head: [
        t('layers.part'),
        ...measured.flatMap(({ letter, places, divergence }) => [
          ...(places ? [`${letter}: ${t('layers.change')}`, `${letter}: ${t('layers.share')}`] : []),
          ...(divergence ? [`${letter}: ${t('layers.divergence')}`] : []),
        ]),
      ],
      rows: [...all].map((place): Cell[] => [
        name(place),
        ...measured.flatMap(({ places, divergence }) => {
          const here = places?.find((one) => one.place === place);
          return [
            ...(places ? [format.percent(here?.relative ?? null, 2), format.percent(here?.share ?? null)] : []),
            ...(divergence ? [format.decimal((typeof place === 'number' ? divergence[place] : null) ?? null, 4)] : []),
          ];
        }),
      ]),
      words: 1,
    },
  });
  if (attention) blocks.push({ kind: 'text', lead: t('layers.attentionText'), text: attention.text });
  return { id: 'layers', title: t('layers.title'), blocks };
}
