import { Equals } from 'class-validator';

export class Liveness {
  @Equals('live')
  readonly status!: 'live';
}
