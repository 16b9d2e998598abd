/** Colours of the levels of forgetting risk. */
export const RISK_TONES = { low: 'good', medium: 'warn', high: 'bad' } as const;
