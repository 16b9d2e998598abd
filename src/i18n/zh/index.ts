import common from './common.json';
import compare from './compare.json';
import corpus from './corpus.json';
import desk from './desk.json';
import errors from './errors.json';
import models from './models.json';
import runs from './runs.json';
import tokenizer from './tokenizer.json';

export default { common, compare, corpus, desk, errors, models, runs, tokenizer };
