import { expose } from '../../expose';
import { memberHere } from './team';

expose(memberHere());
