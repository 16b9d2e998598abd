// @ts-check
/**
 * `npm start`: installs what is missing, builds what is stale, serves the studio, prints its address and opens the browser there.
 *
 *     npm start -- [--port 4173] [--host 127.0.0.1] [--no-open] [--allow-framing https://slides.example.org]…
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installPackages, requireNode, root } from './setup.mjs';

requireNode();
const { openCommand, serve, serverOptions } = await import('./serve.mjs');
const { buildIfStale } = await import('./build-if-stale.mjs');

try {
  const options = serverOptions(process.argv.slice(2));
  installPackages();
  if (!buildIfStale()) {
    console.error('The studio could not be built: the reason is above.');
    process.exit(1);
  }
  const { url, port } = await serve({ ...options, folder: join(root, 'dist') });
  if (options.port !== 0 && port !== options.port) console.log(`Port ${options.port} is taken.`);
  console.log(`\n  Crossfade is at  ${url}\n\n  Ctrl+C stops it.\n`);
  const open = openCommand(url, { quiet: options.quiet, platform: process.platform, env: process.env });
  // The address stands above, should this machine have no such program.
  if (open) {
    const opening = spawn(open[0], open[1], { stdio: 'ignore', detached: true });
    opening.on('error', () => undefined);
    opening.unref();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
