import { expose } from '../../rpc/expose';
import { memberHere } from './team';

expose(memberHere());
