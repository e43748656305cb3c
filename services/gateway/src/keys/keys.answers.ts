import { IsString } from 'class-validator';

export class SigningKeys {
  /** Deliveries are signed with it. */
  @IsString()
  readonly current!: string;

  /** Deliveries will be signed with it after a rotation. */
  @IsString()
  readonly next!: string;
}
