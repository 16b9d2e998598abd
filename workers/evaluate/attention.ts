/** Attention of models side by side on a person's own text. */
import type { AttentionView } from '../../src/contract/evaluation';
import { StudioError } from '../../src/core/errors';
import { attentionDivergence, attentionMaps, MAP_TOKENS, type LayerAttention } from '../runtime/attention';
import { eachModel, type EvaluationTools } from './each-model';

/** @throws StudioError `config-unsupported` when the models' layers, heads or tokens differ */
export async function evaluateAttention(text: string, tools: EvaluationTools): Promise<AttentionView> {
  const maps: LayerAttention[][] = [];
  let tokens: string[] = [];
  let first: number[] = [];
  await eachModel(tools, async ({ model, tokenizer: { tokenizer } }, _, progress) => {
    const ids = [tokenizer.startOfText, ...tokenizer.encode(text)].slice(0, Math.min(MAP_TOKENS, model.context));
    if (maps.length === 0) {
      first = ids;
      tokens = ids.map((id) => tokenizer.decode([id]));
    }
    const [base] = maps;
    if (base && (base.length !== model.config.layers || base[0]?.heads !== model.config.heads || ids.join() !== first.join()))
      throw new StudioError('config-unsupported', 'Attention can be set side by side only for models of one shape and tokenizer', {
        file: 'config.json',
        field: 'num_hidden_layers, num_attention_heads, tokenizer',
        value: `${model.config.layers}, ${model.config.heads}`,
        accepted: `${base.length}, ${base[0]?.heads ?? 0}`,
      });
    await tools.work.yield();
    tools.work.signal.throwIfAborted();
    maps.push(await tools.work.lock.run(() => attentionMaps(model, ids)));
    progress(1);
  });
  return {
    tokens,
    models: maps.map((layers) => layers.map(({ heads, weights }) => ({ heads, weights }))),
    divergence: maps.map((layers) => layers.map((map, layer) => attentionDivergence(maps[0]![layer]!, map))),
  };
}
