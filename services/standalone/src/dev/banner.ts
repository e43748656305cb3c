import type { DevCredentials } from './dev-credentials';

export interface BannerFacts {
  readonly url: string;
  readonly processes: 'one' | 'five';
  readonly dataDir: string;
  readonly servers: readonly string[];
  readonly credentials: DevCredentials;
  readonly natsReader?: string;
}

/** What someone needs who has just started it: where it is, what to paste, how to see that it works, how to begin anew. */
export function banner({ url, processes, dataDir, servers, natsReader, credentials }: BannerFacts): string {
  return `
  Stepwell is ready: ${url}   (${processes === 'one' ? 'one process' : 'five processes'})

  For your app's .env:

    QSTASH_URL="${url}"
    QSTASH_TOKEN="${credentials.token}"
    QSTASH_CURRENT_SIGNING_KEY="${credentials.currentKey}"
    QSTASH_NEXT_SIGNING_KEY="${credentials.nextKey}"

  Start a run of a workflow of yours, and look at it:

    curl -X POST ${url}/v2/batch -H "Authorization: Bearer $QSTASH_TOKEN" -H "Content-Type: application/json" -d '[{
      "destination": "http://127.0.0.1:3000/workflow", "body": "{}", "headers": {
        "upstash-workflow-init": "true", "upstash-workflow-runid": "wfr_first", "upstash-workflow-url": "http://127.0.0.1:3000/workflow",
        "upstash-feature-set": "LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig", "upstash-forward-upstash-workflow-sdk-version": "1"}}]'
    curl "${url}/v2/workflows/logs" -H "Authorization: Bearer $QSTASH_TOKEN"

  Run completions on NATS: ${natsReader ?? 'off (no nats-server)'}
  Data:    ${dataDir}   (remove the folder to begin anew)
  Servers: ${servers.join('\n           ')}
  Development only: the token and keys above are public. Ctrl-C stops everything.
`;
}
