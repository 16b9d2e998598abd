import { expose } from './expose';
import { tokenizerApi } from './tokenizer/api';

expose(tokenizerApi);
