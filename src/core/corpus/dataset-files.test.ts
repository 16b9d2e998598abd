/** Configs and splits of a repository, as `datasets` 5.2 and the Hub's documentation have them. */
import { describe, expect, it } from 'vitest';
import { cardLicence, convertedConfigs, datasetConfigs, isDatasetData } from './dataset-files';

const files = (...paths: string[]) => paths.map((path, at) => ({ path, bytes: at + 1 }));
const shown = (configs: ReturnType<typeof datasetConfigs>) =>
  Object.fromEntries(
    configs.map(({ name, splits }) => [name, Object.fromEntries(splits.map((split) => [split.name, split.files.map(({ path }) => path)]))]),
  );
const found = (paths: string[], card: unknown = null) => shown(datasetConfigs(files(...paths), card, isDatasetData));

describe('the files of a data set', () => {
  it('are those that the card names, by patterns, lists and folders; the default config comes first', () => {
    const paths = [
      'README.md',
      'data/CC-1/000.parquet',
      'data/CC-2/000.parquet',
      'sample/10BT/a.parquet',
      'x/train.csv',
      'x/deep/er.csv',
      'x/holdout.csv',
    ];
    const configs = [
      { config_name: 'sample', data_files: 'sample/10BT/*' },
      { config_name: 'default', data_files: [{ split: 'train', path: 'data/*/*' }] },
      {
        config_name: 'csv',
        data_files: [
          { split: 'train', path: ['x/train.csv', './x/deep/*.csv'] },
          { split: 'test', path: 'x/hold*' },
        ],
      },
      { config_name: 'by name', data_dir: 'x' },
      { config_name: 'any depth', data_files: { train: '**/*.csv', other: 'x/{holdout,none}.csv', pair: 'data/CC-[2-9]/*' } },
      { config_name: 'nothing', data_files: 'gone/*' },
    ];
    expect(found(paths, { configs })).toEqual({
      default: { train: ['data/CC-1/000.parquet', 'data/CC-2/000.parquet'] },
      sample: { train: ['sample/10BT/a.parquet'] },
      csv: { train: ['x/train.csv', 'x/deep/er.csv'], test: ['x/holdout.csv'] },
      'by name': { train: ['x/train.csv'] },
      'any depth': { train: ['x/train.csv', 'x/deep/er.csv', 'x/holdout.csv'], other: ['x/holdout.csv'], pair: ['data/CC-2/000.parquet'] },
    });
    expect(
      datasetConfigs(files(...paths), { configs: [{ ...configs[0] }, { ...configs[2], default: true }] }, isDatasetData)[0]!.name,
    ).toBe('csv');
  });

  it('are told by their names where the card says nothing', () => {
    expect(
      found([
        'data/train-00000-of-00002-ab.parquet',
        'data/train-00001-of-00002-cd.parquet',
        'data/test-00000-of-00001.parquet',
        'data/extra-00000-of-00001.parquet',
      ]),
    ).toEqual({
      default: {
        train: ['data/train-00000-of-00002-ab.parquet', 'data/train-00001-of-00002-cd.parquet'],
        test: ['data/test-00000-of-00001.parquet'],
        extra: ['data/extra-00000-of-00001.parquet'],
      },
    });
    expect(found(['train.jsonl.gz', 'my_dev.jsonl.zst', 'eval.jsonl', 'contest.jsonl'])).toEqual({
      default: { train: ['train.jsonl.gz'], validation: ['my_dev.jsonl.zst'], test: ['eval.jsonl'] },
    });
    expect(found(['training/a.csv', 'valid/b.csv', 'README.md'])).toEqual({
      default: { train: ['training/a.csv'], validation: ['valid/b.csv'] },
    });
    expect(found(['a.txt', 'b/c.json', 'dataset_info.json', '.cache/x.json', 'pictures.tar'])).toEqual({
      default: { train: ['a.txt', 'b/c.json'] },
    });
    expect(found(['run.py', 'README.md'])).toEqual({});
  });

  it('are also those that the Hub converted', () => {
    expect(
      shown(
        convertedConfigs(files('default/train/0000.parquet', 'default/train/0001.parquet', 'fr/partial-test/0000.parquet', 'README.md')),
      ),
    ).toEqual({
      default: { train: ['default/train/0000.parquet', 'default/train/0001.parquet'] },
      fr: { test: ['fr/partial-test/0000.parquet'] },
    });
  });

  it('come under the licence of the card', () => {
    expect(cardLicence({ license: 'odc-by' })).toBe('odc-by');
    expect(cardLicence({ license: ['mit', 'cc-by-4.0'] })).toBe('mit, cc-by-4.0');
    expect(cardLicence({ license: 'other', license_name: 'pile' })).toBe('pile');
    expect(cardLicence(null, ['license:apache-2.0', 'language:en'])).toBe('apache-2.0');
    expect(cardLicence({})).toBeNull();
  });
});
