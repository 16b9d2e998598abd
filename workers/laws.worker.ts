import { expose } from './rpc/expose';
import type { LawsApi } from '../src/contract/sweep';
import { fitChannels, type ChannelLaw } from '../src/core/laws/channel-laws';
import { decide } from '../src/core/laws/decision';
import { surfaceGrid } from '../src/core/sweep/surface';

/** Fits of the runs that were asked for last: a goal that is changed fits nothing anew. */
let fitted: { key: string; laws: ChannelLaw[] } | null = null;

const api: LawsApi = {
  async decide(measured, goal) {
    const { runs, channels, targets } = measured;
    const key = JSON.stringify([runs, channels, targets]);
    if (fitted?.key !== key) fitted = { key, laws: fitChannels(runs, channels, targets) };
    return Promise.resolve(decide(measured, fitted.laws, goal));
  },
  surface: async (input) => surfaceGrid(input),
};

expose(api);
