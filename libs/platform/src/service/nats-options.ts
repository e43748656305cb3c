import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { BusConfig } from '../config';
import type { ServiceBase } from './service-definition';

/** The settings of {@link BusConfig} in the words of `connectNatsBus` and `createNatsTopicPublisher`. */
export interface NatsOptions {
  readonly url: readonly string[];
  readonly name: string;
  readonly log: Logger;
  /** Aborted when the process is told to stop while it still waits for a server. */
  readonly signal: AbortSignal;
  readonly replicas: number;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly creds?: string;
}

/** Reads the credentials file, where one is named. */
export async function natsOptions(
  config: Omit<BusConfig, 'natsUrls'> & { readonly natsUrls: readonly string[] },
  base: Pick<ServiceBase<object>, 'name' | 'logger' | 'stopping'>,
): Promise<NatsOptions> {
  const { natsUrls, natsUser, natsPassword, natsToken, natsCredsFile, natsReplicas } = config;
  return {
    url: natsUrls,
    name: base.name,
    log: base.logger,
    signal: base.stopping,
    replicas: natsReplicas,
    ...(natsUser === undefined ? {} : { user: natsUser }),
    ...(natsPassword === undefined ? {} : { pass: natsPassword }),
    ...(natsToken === undefined ? {} : { token: natsToken }),
    ...(natsCredsFile === undefined ? {} : { creds: await readFile(natsCredsFile, 'utf8') }),
  };
}
