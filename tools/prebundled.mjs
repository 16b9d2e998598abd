// @ts-check
import { readFileSync } from 'node:fs';

/** @type {{ dependencies: Record<string, string> }} */
const packageJson = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/**
 * Packages that Vite bundles before the first page of a dev or test server. Without the list it finds what the workers import
 * only when they start, and then reloads the page in mid-session.
 */
export const prebundled = [
  // The union package brings layers, data and WebGL, and eld's main entry n-grams of all sizes, which nothing here uses; pdf.js's is for
  // the newest browsers only.
  ...Object.keys(packageJson.dependencies).filter((name) => !['@tensorflow/tfjs', 'eld', 'pdfjs-dist'].includes(name)),
  'eld/extrasmall',
  'pdfjs-dist/legacy/build/pdf.mjs',
  'react-dom/client',
  'react/jsx-runtime',
  'react/jsx-dev-runtime',
  'zod/mini',
  'zustand/middleware',
  'zustand/react/shallow',
];
