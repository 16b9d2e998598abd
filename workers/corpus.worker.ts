import { corpusApi } from './corpus/api';
import { expose } from './expose';

expose(corpusApi);
