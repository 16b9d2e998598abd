/** WCAG 2.2 contrast of every text colour of tokens.css on the surfaces that text stands on, in both themes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

function tokens(theme: 'light' | 'dark'): Record<string, string> {
  const start = css.indexOf(`[data-mantine-color-scheme='${theme}'] {`);
  const block = css.slice(start, css.indexOf('}', start));
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1]!, match[2]!]));
}

/** Relative luminance of an sRGB colour, WCAG 2.2. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

it('computes the contrast that WCAG gives for black on white and for #767676 on white', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
});

describe.each(['light', 'dark'] as const)('%s theme', (theme) => {
  const colours = tokens(theme);
  const texts = Object.keys(colours).filter((name) => /^(ink|dim|accent|good|bad|warn|channel-.+)$/.test(name));

  it('has all colours', () => {
    expect(texts).toHaveLength(16);
  });

  it.each(texts)('%s reads on page, panel and raised surfaces', (name) => {
    for (const surface of ['bg', 'panel', 'raised']) expect(contrast(colours[name]!, colours[surface]!)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['good', 'bad', 'warn', 'ink'])('%s reads on the soft surfaces of banners', (name) => {
    const surfaces = name === 'ink' ? ['good-soft', 'bad-soft', 'warn-soft', 'accent-soft'] : [`${name}-soft`];
    for (const surface of surfaces) expect(contrast(colours[name]!, colours[surface]!)).toBeGreaterThanOrEqual(4.5);
  });

  it('has readable buttons', () => {
    expect(contrast(colours['on-accent']!, colours['accent']!)).toBeGreaterThanOrEqual(4.5);
  });
});
