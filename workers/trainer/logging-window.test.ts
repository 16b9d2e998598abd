import { describe, expect, it } from 'vitest';
import { LoggingWindow } from './logging-window';

const window = () => new LoggingWindow(['en', 'domain']);

describe('a step that is not finite', () => {
  it('names the channel whose loss it is', () => {
    expect(() => window().addStep(3, { nll: [20, Number.NaN], tokens: [10, 10], gradNorm: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'loss-not-finite', values: { step: 3, loss: 'NaN', channel: 'domain' } }),
    );
  });

  it('says that it was the gradient when every loss was finite, and where the loss was highest', () => {
    expect(() => window().addStep(4, { nll: [20, 45], tokens: [10, 10], gradNorm: Infinity })).toThrow(
      expect.objectContaining({ code: 'gradient-not-finite', values: { step: 4, norm: 'Infinity', loss: '4.500', channel: 'domain' } }),
    );
  });
});
