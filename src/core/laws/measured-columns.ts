/**
 * What a column of a table of runs holds, told by its name: a channel's share or loss, or a setting of the run. Names are taken as
 * people and tools write them: `share_zh`, `zh share (%)`, `eval/zh/loss`, `valid_the_pile_arxiv`, `ppl_code`, `代码占比`, `学习率`.
 */
export interface Column {
  kind: 'share' | 'loss' | 'base' | 'name' | 'lr' | 'warmup' | 'tokens' | 'size' | 'epochs' | 'seed' | 'heldOut' | 'other';
  /** What is left of the name: the channel of a share or a loss. */
  channel: string;
  /** Numbers are percent. */
  percent: boolean;
  /** Losses are perplexities. */
  perplexity: boolean;
  /** Numbers are in this many. */
  factor: number;
}

/** Keywords of scripts that part no words, as words that are looked up below. */
const CHINESE: [RegExp, string][] = [
  [/(峰值|最大)?学习率/g, ' lr '],
  [/预热(比例|步数)?/g, ' warmup '],
  [/(随机)?种子/g, ' seed '],
  [/(模型)?(参数量|参数规模|规模)/g, ' params '],
  [/(训练)?(tokens?|词元)\s*(数量|数|量)/gi, ' tokens '],
  [/占比|比例|份额|配比|比重|百分比/g, ' share '],
  [/困惑度/g, ' ppl '],
  [/损失(函数)?/g, ' loss '],
  [/基座|基线|训练前/g, ' base '],
  [/验证|评估|测试|最终|训练/g, ' eval '],
  [/轮数|轮次/g, ' epochs '],
];

const SHARE = words(
  'share shares ratio ratios proportion proportions prop weight weights mix mixture fraction frac pct percent percentage',
);
const LOSS = words('loss losses nll ce xent crossentropy');
const PERPLEXITY = words('ppl perplexity');
const BASE = words('base baseline before initial');
/** Said of a measurement, not of a channel. */
const ASIDE = words(
  'train training eval evaluation val valid validation test heldout held final metric metrics of in token per nats last end data own',
);
/** Of the whole name, without blanks. */
const SETTINGS: [Column['kind'], Set<string>][] = [
  ['name', words('run name id runid runname experiment expname config mixture mixtureid index')],
  ['lr', words('lr learningrate peaklr lrpeak maxlr peaklearningrate schedulepeaklr η eta')],
  ['warmup', words('warmup warmupratio warmuppct warmuppercent warmupfraction schedulewarmupvalue')],
  ['tokens', words('tokens traintokens trainingtokens numtokens tokenbudget tokensseen totaltokens d ntokens')],
  ['size', words('params parameters modelsize size n nparams numparams model modelparams modelparameters')],
  ['epochs', words('epochs epoch numepochs')],
  ['heldOut', words('heldout holdout split set 留出')],
  ['seed', words('seed randomseed rngseed')],
];
const UNITS: Record<string, number> = { k: 1e3, m: 1e6, b: 1e9, bn: 1e9, t: 1e12 };

function words(list: string): Set<string> {
  return new Set(list.split(' '));
}

export function columnOf(header: string): Column {
  const spelled = CHINESE.reduce((text, [pattern, word]) => text.replace(pattern, word), header.normalize('NFKC').trim());
  const percent = /%|\bpct\b|percent|百分/i.test(header);
  const unit = /[([]\s*(k|m|bn?|t)\s*[)\]]/i.exec(spelled)?.[1]?.toLowerCase();
  const column = (kind: Column['kind'], channel = '', perplexity = false): Column => ({
    kind,
    channel,
    percent,
    perplexity,
    factor: unit ? UNITS[unit]! : 1,
  });
  // camelCase is parted; separators are kept, so that `domain-legal` stays one name.
  const pieces = spelled
    .replace(/[([]\s*(k|m|bn?|t)\s*[)\]]/i, ' ')
    .replace(/([a-z])(Share|Loss|Ratio|Weight|Rate|Size|Ppl)\b/g, '$1 $2')
    .split(/([\s_./:()[\]%-]+)/);
  const named = pieces.filter((_, at) => at % 2 === 0 && pieces[at] !== '');
  const lower = named.map((word) => word.toLowerCase());
  const has = (set: Set<string>) => lower.some((word) => set.has(word));

  const setting = SETTINGS.find(([, names]) => names.has(lower.join('')));
  if (setting) return column(setting[0]);
  const [share, perplexity] = [has(SHARE) || (percent && !has(LOSS)), has(PERPLEXITY)];
  const loss = has(LOSS) || perplexity;
  const channel = without(pieces, loss ? [LOSS, PERPLEXITY, ASIDE] : [SHARE, ASIDE]);
  if (loss && share) return column('other');
  if (loss && has(BASE)) return column('base', without(pieces, [LOSS, PERPLEXITY, ASIDE, BASE]), perplexity);
  if (loss) return column('loss', channel, perplexity);
  if (share) return column('share', channel);
  // RegMix's tables: train_<domain> is a share, valid_<domain> a loss.
  if (lower.length > 1 && /^train(ing)?$/.test(lower[0]!)) return column('share', channel);
  if (lower.length > 1 && /^(valid|val|validation|eval)$/.test(lower[0]!)) return column('loss', without(pieces, [LOSS, ASIDE]));
  // r_d and L_g, as papers write them.
  if (lower.length > 1 && (lower[0] === 'r' || lower[0] === 'l'))
    return column(lower[0] === 'r' ? 'share' : 'loss', without(pieces.slice(2), []));
  return column('other', without(pieces, []));
}

/** The name without words of these sets, and without the separators that they leave at its ends. */
function without(pieces: readonly string[], sets: readonly Set<string>[]): string {
  let name = '';
  let separator = '';
  pieces.forEach((piece, at) => {
    if (at % 2 === 1) separator = /^[\s()[\]%]*$/.test(piece) ? ' ' : piece;
    else if (piece !== '' && !sets.some((set) => set.has(piece.toLowerCase()))) name += (name === '' ? '' : separator) + piece;
  });
  return name.replace(/^[\s/:._-]+|[\s/:._-]+$/g, '');
}
