/** Colours of an attention map: from nothing to full, or from less over nothing to more. */

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

/** Most weights are small: their roots are told apart better. */
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
