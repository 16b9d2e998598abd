import { expose } from './rpc/expose';
import { hubApi } from './hub/api';

expose(hubApi);
