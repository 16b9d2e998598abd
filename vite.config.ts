import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { isolationHeaders, securityHeaders } from './tools/headers.mjs';
import { offline } from './tools/offline.mjs';
import { prebundled } from './tools/prebundled.mjs';
import { tfjsThreads } from './tools/tfjs-threads.mjs';

/** Fails the build when a page imports tfjs: it belongs to the workers, whose bundles do not pass through this plugin. */
function tensorsStayInWorkers(): Plugin {
  return {
    name: 'crossfade:tensors-stay-in-workers',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        const tensor = chunk.moduleIds.find((id) => id.includes('/node_modules/@tensorflow/'));
        if (tensor) this.error(`${chunk.fileName}, a script of the page, contains ${tensor}: import tensors in workers/ only`);
      }
    },
  };
}

/** recharts takes every scale of d3 by its name; the loss chart needs numbers only, and calendars weigh as much as a page. */
function numericScalesOnly(): Plugin {
  return {
    name: 'crossfade:numeric-scales-only',
    apply: 'build',
    transform(_, id) {
      if (!id.endsWith('/victory-vendor/es/d3-scale.js')) return null;
      return { code: "export { scaleBand, scaleLinear, scalePoint } from 'd3-scale';", map: null };
    },
  };
}

/** `vite preview` sends the same security headers as tools/serve.mjs, which choose the policy by the file. */
function securePreview(): Plugin {
  return {
    name: 'crossfade:secure-preview',
    configurePreviewServer(server) {
      server.middlewares.use((request, response, next) => {
        const headers = securityHeaders(new URL(request.url ?? '/', 'http://localhost').pathname);
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        next();
      });
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [react(), tensorsStayInWorkers(), numericScalesOnly(), securePreview(), offline()],
  worker: { format: 'es', plugins: () => [tfjsThreads] },
  server: { headers: isolationHeaders },
  preview: { headers: isolationHeaders },
  optimizeDeps: { entries: ['index.html', 'workers/*.worker.ts'], include: prebundled, rolldownOptions: { plugins: [tfjsThreads] } },
  build: {
    target: 'es2022',
    sourcemap: true,
    // The policy allows no data: addresses for fetch, so small wasm files must stay files.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, priority: 2 },
            // The list that can be searched, for the two pages that have one; NativeSelect shares its arrow and reads data alike.
            {
              name: 'searchable-select',
              test: /node_modules[\\/]@mantine[\\/]core[\\/].*[\\/]components[\\/](Combobox|Select)[\\/](?!ComboboxChevron|get-parsed|Combobox\.module)/,
              priority: 3,
              includeDependenciesRecursively: false,
            },
            // What the desk needs no sooner than its drawer opens, and other pages at once.
            {
              name: 'mantine-forms',
              test: /node_modules[\\/]@mantine[\\/]core[\\/].*[\\/]components[\\/](Drawer|Modal|ModalBase|Chip|Tabs|Switch|Textarea|InlineInput)[\\/]/,
              priority: 2,
              includeDependenciesRecursively: false,
            },
            { name: 'mantine', test: /node_modules[\\/](@mantine|@floating-ui)[\\/]/, priority: 1 },
          ],
        },
      },
    },
  },
});
