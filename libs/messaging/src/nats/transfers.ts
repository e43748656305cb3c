import { randomBytes } from 'node:crypto';
import { TRANSFER_BYTES } from '../frames/part.frame';

export const newTransfer = (): Uint8Array => randomBytes(TRANSFER_BYTES);
