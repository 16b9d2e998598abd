import { expose } from './rpc/expose';
import { libraryApi } from './library/api';

expose(libraryApi);
