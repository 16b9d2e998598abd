// @ts-check
/**
 * Figures of the shipped lessons, trained for real: every step of public/lessons with every seed, as a pupil's tab trains it. Where a control is
 * free, the lesson's own answer is trained. Writes src/core/lesson/figures.json, which the lessons' conditions are tested against.
 *
 *     node tools/lessons.mjs [--seeds 1,2,3] [--lesson ID] [--folder dist]
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { follow, progressPrinter } from './experiment.mjs';
import { withStudio } from './headless-studio.mjs';
import { loadCore } from './load-core.mjs';
import { root } from './setup.mjs';

const OUT = join(root, 'src/core/lesson/figures.json');
/** Positions of the merge fader and what each is measured on: its first look. */
const POSITIONS = [0, 0.25, 0.5, 0.75, 1];
const LOOK = { documents: 4, tokens: 128 };
const DIGITS = 5;

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1,2,3' }, lesson: { type: 'string' }, folder: { type: 'string' } },
});
const seeds = values.seeds.split(',').map(Number);
const { core, close } = await loadCore(['lesson/lesson', 'run/view']);
/** @type {Record<string, Record<string, Record<string, Record<string, number | null>>>>} lesson → seed → step → figures */
const kept = JSON.parse(await readFile(OUT, 'utf8').catch(() => '{}'));

/** @param {Record<string, number | null>} figures */
const rounded = (figures) =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, value === null ? null : Number(value.toFixed(DIGITS))]));

/**
 * @param {import('./headless-studio.mjs').Studio} studio @param {any} recipe @param {boolean} merging
 */
async function train({ page, orCrash }, recipe, merging) {
  const began = Date.now();
  const id = await orCrash(
    page.evaluate((given) => /** @type {any} */ (globalThis).crossfade.lab.trainer.start(given, given.name, () => undefined), recipe),
  );
  const view = /** @type {any} */ (await orCrash(follow(page, id, progressPrinter())));
  const merge = merging ? await orCrash(page.evaluate(mergeCurve, [id, view.step, recipe, POSITIONS, LOOK])) : [];
  await page.evaluate((run) => /** @type {any} */ (globalThis).crossfade.lab.library.removeRun(run), id);
  const seconds = Math.round((Date.now() - began) / 1000);
  return { figures: rounded(core.figuresOf(core.measuredRun(view, merge))), seconds };
}

/** In the page. @param {any[]} given */
async function mergeCurve([run, step, recipe, positions, look]) {
  const { trainer } = /** @type {any} */ (globalThis).crossfade.lab;
  const merge = { base: { kind: 'model', model: recipe.base }, tuned: [{ kind: 'checkpoint', run, step }] };
  const channels = recipe.channels.map((/** @type {any} */ { id, corpus, role }) => ({ id, corpus, role }));
  const measures = await trainer.measureMerges(
    merge,
    positions.map((/** @type {number} */ factor) => [factor]),
    channels,
    look,
    () => undefined,
  );
  return measures.map((/** @type {any} */ { domainGain, meanRetention }, /** @type {number} */ at) => ({
    factor: positions[at],
    gain: domainGain[1].value,
    retention: meanRetention[1].value,
  }));
}

try {
  const files = (await readdir(join(root, 'public/lessons'))).filter((name) => name.endsWith('.json') && name !== 'manifest.json');
  const options = { folder: values.folder ?? null, backend: 'wasm', threads: null, requireHardware: false };
  await withStudio(options, async (studio) => {
    for (const seed of seeds)
      for (const file of files) {
        const lesson = core.parseLesson(file, await readFile(join(root, 'public/lessons', file), 'utf8'));
        if (values.lesson && values.lesson !== lesson.id) continue;
        /** @type {Record<string, any>} */
        const former = {};
        for (const step of lesson.steps) {
          const recipe = core.stepRecipe(lesson, step, step.answer);
          if (!recipe) continue;
          const merging = step.opens.some((/** @type {any} */ { figure }) => /merge/i.test(figure));
          const { figures, seconds } = await train(studio, { ...recipe, seed }, merging);
          former[step.id] = figures;
          const failed = step.opens.filter((/** @type {any} */ condition) => !core.holds(condition, figures, former));
          console.log(
            `${lesson.id} · seed ${seed} · ${step.id} · ${seconds} s · ${failed.length === 0 ? 'opens' : `DOES NOT OPEN ${JSON.stringify(failed)}`}`,
          );
          console.log(`  ${JSON.stringify(figures)}`);
        }
        kept[lesson.id] = { ...kept[lesson.id], [seed]: former };
        await writeFile(OUT, `${JSON.stringify(kept, null, 2)}\n`);
      }
  });
} finally {
  await close();
}
