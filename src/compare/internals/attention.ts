/** Pure parts of the attention view: colours of a map, heads whose attention moved, and labels of tokens on the axes. */
import type { AttentionView } from '../../contract/evaluation';
import type { TokenSpan } from '../../contract/tokenizer';
import { attentionShifts } from '../../core/metrics/model-change';
import { visibleText } from '../figures';

export type Colour = readonly [red: number, green: number, blue: number];

export interface MapColours {
  none: Colour;
  /** All of a query's attention, or more than the base. */
  more: Colour;
  /** Less than the base. */
  less: Colour;
}

/** @param hex "#rrggbb" */
export function parseColour(hex: string): Colour {
  const value = Number.parseInt(hex.trim().slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Strength of a weight's colour, 0 to 1: its root, since most weights are small. */
export const weightStrength = (weight: number): number => Math.sqrt(Math.min(1, Math.max(0, weight)));

/** Greatest |difference|, rounded up to a figure that reads well; at least 0.01. */
export function differenceLimit(difference: Float32Array): number {
  let most = 0.01;
  for (const value of difference) most = Math.max(most, Math.abs(value));
  const step = 10 ** Math.floor(Math.log10(most));
  return Number((Math.ceil(most / step - 1e-6) * step).toPrecision(1));
}

/**
 * A pixel a cell, query by query; what a query cannot see, the keys after it, is clear.
 * @param values [tokens · tokens]
 * @param limit of a difference, drawn in full colour; null: values are weights
 */
export function mapPixels(values: Float32Array, tokens: number, limit: number | null, colours: MapColours): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * tokens * tokens);
  for (let query = 0; query < tokens; query += 1)
    for (let key = 0; key <= query; key += 1) {
      const at = query * tokens + key;
      const value = values[at]!;
      const strength = limit === null ? weightStrength(value) : Math.min(1, Math.abs(value) / limit);
      const full = value < 0 ? colours.less : colours.more;
      for (let part = 0; part < 3; part += 1)
        pixels[4 * at + part] = Math.round(colours.none[part]! + strength * (full[part]! - colours.none[part]!));
      pixels[4 * at + 3] = 255;
    }
  return pixels;
}

type Layers = AttentionView['models'][number];

/** [layer][head]: share of the attention that went elsewhere, 0 … 1. */
export function headShifts(base: Layers, tuned: Layers, tokens: number): number[][] {
  return base.map(({ heads, weights }, layer) => attentionShifts(weights, tuned[layer]!.weights, heads, tokens));
}

export function mostShifted(base: Layers, tuned: Layers, tokens: number): { layer: number; head: number } {
  let most = { layer: 0, head: 0, shift: -1 };
  headShifts(base, tuned, tokens).forEach((heads, layer) =>
    heads.forEach((shift, head) => {
      if (shift > most.shift) most = { layer, head, shift };
    }),
  );
  return { layer: most.layer, head: most.head };
}

const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉';

/**
 * @param spans of the text from its beginning; those of a character in several pieces name it once for each, numbered
 * @param tokens as the model took them: the start of the text first
 * @returns one label a token, the first empty; the tokens themselves where the spans are of other tokens
 */
export function tokenLabels(spans: readonly TokenSpan[], tokens: readonly string[]): string[] {
  const pieces = spans.flatMap(({ text, pieces }) =>
    pieces.length === 1 ? [visibleText(text)] : pieces.map((_, at) => `${visibleText(text)}${subscript(at + 1)}`),
  );
  const named = pieces.length >= tokens.length - 1 ? pieces.slice(0, tokens.length - 1) : tokens.slice(1).map(visibleText);
  return ['', ...named];
}

const subscript = (value: number) => [...String(value)].map((digit) => SUBSCRIPTS[Number(digit)]).join('');
