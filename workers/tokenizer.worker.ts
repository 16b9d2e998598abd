import { expose } from './rpc/expose';
import { tokenizerApi } from './tokenizer/api';

expose(tokenizerApi);
