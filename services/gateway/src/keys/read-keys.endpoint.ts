import { Get, Inject } from '@nestjs/common';
import type { Credentials } from '../gateway.config';
import { CREDENTIALS } from '../gateway.tokens';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import { SigningKeys } from './keys.answers';

/** The signing keys; by them the clients' dev mode recognises a server that is already there (protocol.md 16). */
@Endpoint('v2/keys')
export class ReadKeysEndpoint {
  constructor(@Inject(CREDENTIALS) private readonly credentials: Credentials) {}

  @Get()
  @Described({ id: 'readKeys', tag: 'Server', summary: 'Read the signing keys', answer: SigningKeys, errors: [] })
  read(): SigningKeys {
    return { current: this.credentials.currentKey, next: this.credentials.nextKey };
  }
}
