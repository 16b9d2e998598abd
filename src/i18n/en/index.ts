import attention from './attention.json';
import before from './before.json';
import cluster from './cluster.json';
import common from './common.json';
import compare from './compare.json';
import corpus from './corpus.json';
import desk from './desk.json';
import diagnosis from './diagnosis.json';
import errors from './errors.json';
import explore from './explore.json';
import follow from './follow.json';
import internals from './internals.json';
import laws from './laws.json';
import learn from './learn.json';
import measures from './measures.json';
import merge from './merge.json';
import models from './models.json';
import notices from './notices.json';
import palette from './palette.json';
import recipe from './recipe.json';
import report from './report.json';
import runs from './runs.json';
import sweeps from './sweeps.json';
import tokenizer from './tokenizer.json';

export default {
  attention,
  before,
  cluster,
  common,
  compare,
  corpus,
  desk,
  diagnosis,
  errors,
  explore,
  follow,
  internals,
  laws,
  learn,
  measures,
  merge,
  models,
  notices,
  palette,
  recipe,
  report,
  runs,
  sweeps,
  tokenizer,
};
