import { Get, Inject } from '@nestjs/common';
import type { Credentials } from '../gateway.config';
import { CREDENTIALS } from '../gateway.tokens';
import { Endpoint } from '../http/endpoint.decorator';

/** The signing keys; by them the clients' dev mode recognises a server that is already there (protocol.md 16). */
@Endpoint('v2/keys')
export class ReadKeysEndpoint {
  constructor(@Inject(CREDENTIALS) private readonly credentials: Credentials) {}

  @Get()
  read(): { current: string; next: string } {
    return { current: this.credentials.currentKey, next: this.credentials.nextKey };
  }
}
