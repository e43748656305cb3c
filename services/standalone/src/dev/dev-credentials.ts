import { DEV_CREDENTIALS } from '@stepwell/gateway';

export interface DevCredentials {
  readonly token: string;
  readonly currentKey: string;
  readonly nextKey: string;
}

/** The public user of `QSTASH_DEV=true` (protocol.md section 16), unless the environment names others. */
export function devCredentials(env: NodeJS.ProcessEnv): DevCredentials {
  return {
    token: env['STEPWELL_AUTH_TOKENS']?.split(',')[0] ?? DEV_CREDENTIALS.tokens.join(','),
    currentKey: env['STEPWELL_SIGNING_CURRENT_KEY'] ?? DEV_CREDENTIALS.currentKey,
    nextKey: env['STEPWELL_SIGNING_NEXT_KEY'] ?? DEV_CREDENTIALS.nextKey,
  };
}
