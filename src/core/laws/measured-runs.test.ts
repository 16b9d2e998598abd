import { describe, expect, it } from 'vitest';
import { StudioError } from '../errors';
import { readMeasuredRuns } from './measured-runs';

const refusal = (text: string) => {
  try {
    readMeasuredRuns(text);
  } catch (error) {
    if (error instanceof StudioError) return { code: error.code, ...error.values };
    throw error;
  }
  return null;
};

describe('readMeasuredRuns', () => {
  /** The same two runs of Pile and Python, as different people write them. */
  const ways: Record<string, string> = {
    csv: 'run,pile_share,python_share,pile_loss,python_loss,lr,tokens\nbase,,,2.8733676,1.8381195,,\na,0.125,0.875,2.926166,1.367859,1e-4,5e9\nb,0.25,0.75,2.880493,1.386261,1e-4,5000000000\n',
    'percent, decimal commas, semicolons':
      'Run;Pile share (%);Python share (%);Pile loss;Python loss;Learning rate;Tokens (B)\nbase;;;2,8733676;1,8381195;;\na;12,5;87,5;2,926166;1,367859;0,0001;5\nb;25;75;2,880493;1,386261;1E-4;5\n',
    'tabs, one share, percent signs':
      'name\tpile %\teval/pile/loss\teval/python/loss\tpeak_lr\ttrain_tokens\nbaseline\t-\t2.8733676\t1.8381195\t-\t-\na\t12.5 %\t2.926166\t1.367859\t1e-4\t5B\nb\t25%\t2.880493\t1.386261\t1e-4\t5B\n',
    'a table of Markdown on its side':
      '| | base | a | b |\n| --- | --- | --- | --- |\n| Pile share | | 0.125 | 0.25 |\n| Pile loss | 2.8733676 | 2.926166 | 2.880493 |\n| Python loss | 1.8381195 | 1.367859 | 1.386261 |\n| lr | | 1e-4 | 1e-4 |\n| tokens | | 5B | 5B |\n',
    'JSON records':
      '[{"name":"base","shares":{},"losses":{"pile":2.8733676,"python":1.8381195}},{"name":"a","lr":1e-4,"tokens":5e9,"shares":{"pile":0.125,"python":0.875},"losses":{"pile":2.926166,"python":1.367859}},{"name":"b","lr":1e-4,"tokens":5e9,"shares":{"pile":0.25,"python":0.75},"losses":{"pile":2.880493,"python":1.386261}}]',
    'JSON Lines':
      '{"run":"base","loss_pile":2.8733676,"loss_python":1.8381195}\n{"run":"a","share_pile":0.125,"loss_pile":2.926166,"loss_python":1.367859,"lr":1e-4,"tokens":5e9}\n{"run":"b","share_pile":0.25,"loss_pile":2.880493,"loss_python":1.386261,"lr":1e-4,"tokens":5e9}',
    "pandas' columns":
      '{"run":{"0":"base","1":"a","2":"b"},"pile share":{"0":null,"1":0.125,"2":0.25},"pile loss":{"0":2.8733676,"1":2.926166,"2":2.880493},"python loss":{"0":1.8381195,"1":1.367859,"2":1.386261},"lr":{"0":null,"1":1e-4,"2":1e-4},"tokens":{"0":null,"1":5e9,"2":5e9}}',
    'Chinese, quoted':
      '"名称","pile占比","python占比","pile 损失","python 损失","学习率","训练token数"\n基座,,,"2,8733676","1,8381195",,\na,"12,5%","87,5%","2,926166","1,367859","0,0001","5,000,000,000"\nb,25%,75%,"2,880493","1,386261","0,0001",50亿\n',
    'a print-out':
      'run   pile share  pile loss  python loss  lr    tokens\nbase  -           2.8733676  1.8381195    -     -\na     0.125       2.926166   1.367859     1e-4  5B\nb     0.25        2.880493   1.386261     1e-4  5B',
  };
  it.each(Object.keys(ways))('reads %s', (way) => {
    const table = readMeasuredRuns(ways[way]!);
    expect(table.channels.map((id) => id.toLowerCase())).toEqual(['pile', 'python']);
    expect(Object.values(table.base!)).toEqual([2.8733676, 1.8381195]);
    expect(table.runs.map(({ shares, losses, lr, tokens }) => [...Object.values(shares), ...Object.values(losses), lr, tokens])).toEqual([
      [0.125, 0.875, 2.926166, 1.367859, 1e-4, 5e9],
      [0.25, 0.75, 2.880493, 1.386261, 1e-4, 5e9],
    ]);
  });

  it('reads perplexities, broken runs, seeds, ratios, and names with separators', () => {
    const table = readMeasuredRuns('domain-legal share,ppl_domain-legal,zh loss,seed,steps\n1:5,20.0855,2.5,3,60\n1/4,7.389,nan,4,60\n');
    expect(table.channels).toEqual(['domain-legal', 'zh']);
    expect(table.runs[0]!.shares['domain-legal']).toBeCloseTo(1 / 6, 12);
    expect(table.runs[0]!.losses['domain-legal']).toBeCloseTo(3, 5);
    expect(table.runs[1]!).toMatchObject({ seed: 4, losses: { zh: Infinity } });
    expect(table.ignored).toEqual(['steps']);
    expect(table.base).toBeNull();
  });

  it('keeps back what the table marks', () => {
    const { runs } = readMeasuredRuns('a share,a loss,b loss,held_out\n.2,3,2,\n.3,2.9,2.1,1\n');
    expect(runs.map(({ heldOut }) => heldOut)).toEqual([false, true]);
  });

  it('reads bare names of channels, symbols of papers, and what Excel puts first', () => {
    expect(readMeasuredRuns('sep=;\nzh;en;zh_loss;en_loss\n30;70;3;4\n40;60;2;5').runs[0]!.shares).toEqual({ zh: 0.3, en: 0.7 });
    const { channels, targets, runs } = readMeasuredRuns('r_d,L_g,L_d\n0.90,2.9052,1.7321\n0.91,2.9193,1.7312');
    expect([channels, targets]).toEqual([
      ['d', 'g'],
      ['g', 'd'],
    ]);
    expect(runs[1]!.shares['g']).toBeCloseTo(0.09, 12);
  });

  it("reads RegMix's names", () => {
    const { channels, targets } = readMeasuredRuns(
      'train_the_pile_arxiv,train_the_pile_cc,valid_the_pile_arxiv,metric/the_pile_cc_val_loss\n.3,.7,3,4\n.4,.6,2,5',
    );
    expect([channels, targets]).toEqual([
      ['the_pile_arxiv', 'the_pile_cc'],
      ['the_pile_arxiv', 'the_pile_cc'],
    ]);
  });

  it('refuses by row and column', () => {
    const table = (row: string) => `zh share,en share,zh loss,en loss\n0.5,0.5,2,2\n${row}\n`;
    expect(refusal(table('0.5,0.4,2,2'))).toMatchObject({ code: 'measured-table', row: 3, column: 'zh + en', value: '0.9', accepted: '1' });
    expect(refusal(table('0.5,-0.5,2,2'))).toMatchObject({ row: 3, column: 'en share', value: '-0.5' });
    expect(refusal(table('0.5,0.5,two,2'))).toMatchObject({ row: 3, column: 'zh loss', value: 'two', accepted: '> 0' });
    expect(refusal(table('0.5,0.5,0,2'))).toMatchObject({ row: 3, column: 'zh loss' });
    expect(refusal('zh,en\n1,2')).toMatchObject({ row: 1, column: 'share', value: 'zh, en' });
    expect(refusal('0.25,0.75,3.1,2.8\n0.5,0.5,3.0,2.9')).toEqual({
      ...{ code: 'measured-header', value: '0.25, 0.75, 3.1, 2.8', count: 4, example: 'share_a,share_b,loss_a,loss_b' },
    });
    expect(refusal('a;12,5 %;87,5 %;3,1;2,8;1e-4\nb;25 %;75 %;3,0;2,9;1e-4')).toMatchObject({
      ...{ code: 'measured-header', example: 'run,share_a,share_b,loss_a,loss_b,?' },
    });
    expect(refusal('3.1\t2.8\n3\t2.9')).toMatchObject({ code: 'measured-header', example: 'share_a,loss_a' });
    expect(refusal('zh share,en share\n0.5,0.5')).toMatchObject({ row: 1, column: 'loss' });
    expect(refusal('zh share,zh ratio,zh loss\n0.5,0.5,1')).toMatchObject({ row: 1, column: 'zh ratio', accepted: '1 × channel' });
    expect(refusal('share,zh loss,en loss\n0.5,2,2')).toMatchObject({ row: 1, column: 'share', accepted: 'share_<channel>' });
    expect(refusal('')).toMatchObject({ accepted: 'CSV, TSV, JSON' });
    expect(refusal('[{"a":1},')).toMatchObject({ accepted: 'JSON' });
    expect(refusal('zh share,zh loss\n')).toMatchObject({ accepted: '≥ 1' });
  });

  it.each([
    ['rows', 'Pile share,Pile loss,Python loss\nbase,2.8733676,1.8381195\n0.125,2.926166,1.367859\n0.25,2.880493,1.386261'],
    [
      'columns',
      '| Pile share | 0.125 | 0.25 | base |\n| --- | --- | --- | --- |\n| Pile loss | 2.926166 | 2.880493 | 2.8733676 |\n| Python loss | 1.367859 | 1.386261 | 1.8381195 |',
    ],
  ])('reads a base that is named where its share would stand, in %s', (_, text) => {
    const { base, runs } = readMeasuredRuns(text);
    expect(base).toEqual({ Pile: 2.8733676, Python: 1.8381195 });
    expect(runs.map(({ shares }) => shares)).toEqual([
      { Pile: 0.125, Python: 0.875 },
      { Pile: 0.25, Python: 0.75 },
    ]);
  });
});
