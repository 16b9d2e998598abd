import { expose } from '../rpc/expose';
import { encodeMember } from './encode-documents';

expose(encodeMember());
