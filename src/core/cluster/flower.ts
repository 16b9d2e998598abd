/**
 * A federated recipe as a Flower app (PyPI's `flwr`): the studio's rounds between machines. The server has the base and held-out text, each node the
 * training text of its own channel; what goes over the line are weights, and what training moved of them. Clients, rows and the server's step are the
 * studio's, by the Python files of `templates`.
 */
import { StudioError } from '../errors';
import { clientsOf, federatedLine } from '../federated/clients';
import { methodLine } from '../recipe/method';
import { sharesOf } from '../recipe/edits';
import type { Recipe } from '../recipe/schema';
import { hardwareOf } from './estimate';
import { dataOf, json, PINS, translate, type ClusterFolder } from './export';
import { lackLines, type Lack } from './lacks';
import dataPy from './templates/data.py?raw';
import appPy from './templates/flower_app.py?raw';
import modelPy from './templates/model.py?raw';
import planPy from './templates/plan.py?raw';
import roundsPy from './templates/rounds.py?raw';
import ruffToml from './templates/ruff.toml?raw';

const FLOWER = '1.42.0';

/** @throws StudioError `recipe-invalid` for a recipe that is not federated */
export function exportToFlower(given: Recipe): ClusterFolder {
  if (!given.federated)
    throw new StudioError(
      'recipe-invalid',
      'The target flower trains rounds of clients, and the recipe is not federated; accepted: a recipe with the field federated',
      {
        field: 'federated',
        value: '—',
        accepted: 'federated { participation, server }',
      },
    );
  // Rows of an update are its client's, whatever machine it trains on.
  const { recipe, lacks, lack } = translate(given, hardwareOf(given, {}), true);
  lack('control.json', 'faders', 'liveChange');
  lack('saving.everySteps', recipe.saving.everySteps, 'lastOnly');
  if (recipe.federated?.secure) {
    lack('federated.secure', recipe.federated.secure.dropout, 'secure');
    delete recipe.federated.secure;
  }
  const { early, forgetting } = recipe.stopping;
  if (early) lack('stopping.early', early.patience, 'noStopping');
  if (forgetting) lack('stopping.forgetting', forgetting.retention, 'noStopping');
  recipe.stopping = { early: null, forgetting: null };
  return {
    files: {
      'flower_app.py': appPy,
      'rounds.py': roundsPy,
      'data.py': dataPy,
      'model.py': modelPy,
      'plan.py': planPy,
      'ruff.toml': ruffToml,
      'recipe.json': json(recipe),
      'data.json': json(dataOf(recipe)),
      'pyproject.toml': project(recipe),
      'requirements.txt': requirements(recipe),
      'README.md': readme(recipe, lacks),
    },
    lacks,
  };
}

const requirements = ({ method }: Recipe): string => {
  const { torch, transformers, datasets, numpy, peft, zstandard } = PINS;
  const pins = { torch, transformers, datasets, numpy, ...(method ? { peft } : {}), zstandard };
  return `${[`flwr[simulation]==${FLOWER}`, ...Object.entries(pins).map(([name, version]) => `${name}==${version}`), 'filelock>=3.16'].join('\n')}\n`;
};

/**
 * Texts and weights stay out of the app, which is what Flower sends to the nodes. So do torch and the like: Flower would install them for each run, and
 * each node has its own build.
 */
function project({ name }: Recipe): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "crossfade-${slug || 'recipe'}"
version = "1.0.0"
description = "A federated recipe of Crossfade"
license = "Apache-2.0"
requires-python = ">=3.11,<4.0"
dependencies = ["flwr==${FLOWER}"]

[tool.hatch.build.targets.wheel]
packages = ["."]

[tool.flwr.app]
publisher = "crossfade"
fab-include = ["/*.py", "/recipe.json", "/data.json", "/README.md"]

[tool.flwr.app.components]
serverapp = "flower_app:server"
clientapp = "flower_app:client"

[tool.flwr.app.config]
folder = "."
`;
}

function readme(recipe: Recipe, lacks: readonly Lack[]): string {
  const { federated, budget, batchSize, sequenceLength, method } = recipe;
  const clients = clientsOf(recipe, sharesOf(recipe));
  const rows = clients.map(({ index, channel, weight }) => `| ${index} | ${channel ?? 'all channels'} | ${Number(weight.toFixed(4))} |`);
  const start = clients
    .slice(0, 2)
    .map(({ index }) => `    flower-supernode --insecure --superlink host:8000 --node-config 'client=${index} folder="."'`);
  return `# ${recipe.name}: a Flower app

Made by Crossfade from a federated recipe: ${budget.steps} rounds, ${federatedLine(federated!)}; updates of ${batchSize} rows of ${sequenceLength} tokens, ${method ? methodLine(method) : 'all weights trained'}.

## On one machine

    pip install -r requirements.txt
    flwr run . local --federation-config "num-supernodes=${clients.length}" --run-config "folder='$PWD'" --stream

\`folder\` is where \`model/\` (the base "${recipe.base}") and \`data/\` lie. \`run/metrics.jsonl\` has the common model's held-out loss of every channel, before the first round and as the recipe
says, and the clients' training losses; \`run/final/\` the model. Crossfade reads the file as the log of a run.

## Between machines

| client | training text | weight |
| --- | --- | --- |
${rows.join('\n')}

Each node needs the packages, this folder's \`model/\`, and in \`data/train/\` ${federated!.split ? 'the text of all channels, of which it reads its part' : 'the text of its own channel alone'}; the server needs \`model/\` and \`data/heldOut/\`. On the server \`flower-superlink --insecure --host 0.0.0.0\` (with certificates
in earnest); on the nodes, in their folders:

${start.join('\n')}

then \`flwr run . your-superlink --stream\`, with \`address = "host:8000"\` of \`your-superlink\` in Flower's config.toml. A node is sent the weights of the round and sends what training moved of them, with sums of its losses and counts
of tokens by channel. No text leaves it. A node that does not reply is left out of the round.

## Not in this target

${lackLines(lacks, 'Nothing: all of the recipe is done.')}

Licence of the code in this folder: Apache-2.0. Texts and models keep their own.
`;
}
