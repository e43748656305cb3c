import { devCredentials } from './dev-credentials';
import type { Servers } from './embedded-servers';

/**
 * The settings a child of `stepwell dev` gets on top of what the user has set. The data folder's lock guarantees that its former self
 * is gone, so a restarted member may supersede it at once (L2).
 */
export function childEnvironment(
  role: string,
  { port, servers, env }: { readonly port: number; readonly servers: Servers; readonly env: NodeJS.ProcessEnv },
): NodeJS.ProcessEnv {
  const { nats, mongodbUri } = servers;
  const { token, currentKey, nextKey } = devCredentials(env);
  return {
    STEPWELL_DEV: 'true',
    STEPWELL_GATEWAY_HOST: env['STEPWELL_GATEWAY_HOST'] ?? '127.0.0.1',
    STEPWELL_GATEWAY_PORT: String(port),
    STEPWELL_AUTH_TOKENS: env['STEPWELL_AUTH_TOKENS'] ?? token,
    STEPWELL_SIGNING_CURRENT_KEY: currentKey,
    STEPWELL_SIGNING_NEXT_KEY: nextKey,
    STEPWELL_OUTBOUND_ALLOW_PRIVATE: env['STEPWELL_OUTBOUND_ALLOW_PRIVATE'] ?? 'true',
    STEPWELL_MONGODB_URI: mongodbUri,
    ...(nats ? { STEPWELL_NATS_URL: nats.url } : {}),
    ...(nats?.user === undefined ? {} : { STEPWELL_NATS_USER: nats.user, STEPWELL_NATS_PASSWORD: nats.password }),
    STEPWELL_MEMBER_NAME: `dev-${role}`,
    STEPWELL_METRICS_HOST: env['STEPWELL_METRICS_HOST'] ?? '127.0.0.1',
    STEPWELL_METRICS_PORT: env['STEPWELL_METRICS_PORT'] ?? '0',
    STEPWELL_SHUTDOWN_DELAY: env['STEPWELL_SHUTDOWN_DELAY'] ?? '0s',
    STEPWELL_SHUTDOWN_GRACE: env['STEPWELL_SHUTDOWN_GRACE'] ?? '5s',
    STEPWELL_LOG_FORMAT: env['STEPWELL_LOG_FORMAT'] ?? 'pretty',
    STEPWELL_LOG_LEVEL: env['STEPWELL_LOG_LEVEL'] ?? 'warn',
  };
}
