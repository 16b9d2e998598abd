import { corpusApi } from './corpus/api';
import { expose } from './rpc/expose';

expose(corpusApi);
