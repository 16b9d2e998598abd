// @ts-check
/**
 * Lint rule: the arrows between the rooms of the house, which point down only. Pages → src/lab → src/contract → src/core;
 * workers → src/contract, src/core; inside workers/: entries → train, evaluate → runtime → engine, tokenizer → storage.
 * Imports are resolved, so a longer `../../` does not slip through. Tests are exempt.
 */
import { dirname, relative, resolve, sep } from 'node:path';

const pages = ['desk', 'corpus', 'tokenizer', 'models', 'compare', 'sweeps', 'runs', 'learn'];
/** What pages share, from the bottom up: a room may import those before it. */
const shared = ['i18n', 'channels', 'ui', 'charts', 'report', 'diagnosis', 'merge'];
const view = ['react', 'react-dom', 'react-i18next', '@mantine', '@tanstack', 'recharts', 'lucide-react', 'wouter', 'zustand', 'i18next'];
const engine = ['@tensorflow'];
const platform = ['comlink', 'idb', 'node:'];
/** Rooms of workers/ with the rooms of workers/ that each may import besides itself. */
const workerRooms = {
  rpc: [],
  storage: [],
  archive: ['rpc'],
  engine: [],
  tokenizer: ['rpc', 'storage', 'archive', 'engine'],
  runtime: ['rpc', 'storage', 'tokenizer', 'engine'],
  train: ['rpc', 'storage', 'tokenizer', 'engine', 'runtime'],
  evaluate: ['rpc', 'storage', 'tokenizer', 'engine', 'runtime'],
  corpus: ['rpc', 'storage', 'archive', 'tokenizer'],
  library: ['rpc', 'storage', 'archive', 'tokenizer', 'engine'],
  hub: ['rpc', 'storage'],
};

/**
 * @typedef {object} Zone
 * @property {string[]} may parts that may be imported
 * @property {boolean} [contract] types of src/contract may be imported
 * @property {boolean} [workerEntries] workers/*.worker may be started
 * @property {string[]} bans packages that may not be imported
 */

/** @type {Record<string, Zone>} */
const zones = {
  'src/core': { may: ['src/core'], bans: [...view, ...engine, ...platform] },
  'src/contract': { may: ['src/core'], contract: true, bans: [...view, ...engine, ...platform] },
  'src/lab': {
    may: ['src/lab', 'src/core'],
    contract: true,
    workerEntries: true,
    bans: [...engine, '@mantine', 'recharts', 'node:'],
  },
  'src/app': {
    may: ['src/app', 'src/core', 'src/lab', ...[...pages, ...shared].map((name) => `src/${name}`)],
    contract: true,
    bans: [...engine, 'comlink', 'idb', 'node:'],
  },
  // Entries: a worker's API put together from the rooms that make it up.
  workers: {
    may: ['workers', 'src/core', ...Object.keys(workerRooms).map((name) => `workers/${name}`)],
    contract: true,
    bans: [...view, 'node:'],
  },
};
for (const [name, others] of Object.entries(workerRooms))
  zones[`workers/${name}`] = {
    may: ['src/core', `workers/${name}`, ...others.map((other) => `workers/${other}`)],
    contract: true,
    bans: [...view, 'node:', ...(['engine', 'runtime', 'train', 'evaluate'].includes(name) ? [] : engine)],
  };
for (const [at, name] of shared.entries())
  zones[`src/${name}`] = {
    may: [
      'src/core',
      ...shared.slice(0, at + 1).map((other) => `src/${other}`),
      ...(['diagnosis', 'merge'].includes(name) ? ['src/lab'] : []),
    ],
    contract: true,
    bans: [...engine, 'comlink', 'idb', 'node:'],
  };
for (const name of pages)
  zones[`src/${name}`] = {
    may: [`src/${name}`, 'src/core', 'src/lab', ...shared.map((other) => `src/${other}`)],
    contract: true,
    bans: [...engine, 'comlink', 'idb', 'node:'],
  };

/** @param {string} path relative to the root, with forward slashes */
function zoneOf(path) {
  const [first = '', second = ''] = path.split('/');
  // `workers/engine` is the room's index; `workers/trainer.worker` and src/main.tsx are files beside the rooms.
  const deep = path.split('/').length > 2 || (second in workerRooms && first === 'workers');
  if (first === 'workers') return deep ? `workers/${second}` : 'workers';
  if (first !== 'src') return first;
  return deep ? `src/${second}` : 'src/app';
}

/**
 * What is wrong with importing `source` from `file`, or null.
 * @param {string} root absolute folder of the repository
 * @param {string} file absolute path of the importing file
 * @param {string} source as written
 * @param {boolean} typeOnly
 */
export function boundaryFault(root, file, source, typeOnly) {
  const from = zoneOf(relative(root, file).split(sep).join('/'));
  const zone = zones[from];
  if (!zone) return null;
  if (!source.startsWith('.')) {
    const banned = zone.bans.find((name) => source === name || source.startsWith(name.endsWith(':') ? name : `${name}/`));
    return banned ? `${from} must not import ${banned}` : null;
  }
  const path = relative(root, resolve(dirname(file), source))
    .split(sep)
    .join('/');
  const to = zoneOf(path);
  // For the version shown.
  if (zone.may.includes(to) || path === 'package.json') return null;
  if (to === 'src/contract' && zone.contract) return typeOnly ? null : `${from} may import only types of src/contract (import type)`;
  if (to === 'workers' && /^workers\/[^/]+\.worker(\.ts)?(\?.*)?$/.test(path) && zone.workerEntries) return null;
  return `${from} must not import ${to} (${path}); it may import ${zone.may.join(', ')}${zone.contract ? ', types of src/contract' : ''}`;
}

/** @type {import('eslint').Rule.RuleModule} */
export const boundaries = {
  meta: { type: 'problem', schema: [], messages: { fault: '{{ fault }}.' } },
  create(context) {
    /** @param {import('estree').Node} node @param {unknown} source @param {boolean} typeOnly */
    const check = (node, source, typeOnly) => {
      if (typeof source !== 'string') return;
      const fault = boundaryFault(context.cwd, context.filename, source, typeOnly);
      if (fault) context.report({ node, messageId: 'fault', data: { fault } });
    };
    /** @param {any} node */
    const declaration = (node) => {
      if (node.source) check(node, node.source.value, (node.importKind ?? node.exportKind) === 'type');
    };
    return {
      ImportDeclaration: declaration,
      ExportNamedDeclaration: declaration,
      ExportAllDeclaration: declaration,
      ImportExpression(node) {
        if (node.source.type === 'Literal') check(node, node.source.value, false);
      },
      // A type written as import('…').T.
      TSImportType(/** @type {any} */ node) {
        check(node, node.source?.value ?? node.argument?.literal?.value, true);
      },
      // new Worker(new URL('…', import.meta.url)): a relative address pulls the file in as an import does.
      NewExpression(node) {
        const [address, base] = node.arguments;
        if (
          node.callee.type === 'Identifier' &&
          node.callee.name === 'URL' &&
          address?.type === 'Literal' &&
          base?.type === 'MemberExpression'
        )
          check(node, address.value, false);
      },
    };
  },
};
