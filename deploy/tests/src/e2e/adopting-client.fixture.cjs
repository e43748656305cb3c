// A program that is told QSTASH_DEV=true and nothing else. A process of its own: the client loads its dev mode by a dynamic import,
// which Jest can't do.
const { Client: QStashClient } = require('@upstash/qstash');
const { Client: WorkflowClient } = require('@upstash/workflow');

const [url, appUrl] = process.argv.slice(2);

async function main() {
  await new QStashClient().publishJSON({
    url,
    body: { appUrl },
    headers: {
      'Upstash-Workflow-Init': 'true',
      'Upstash-Workflow-RunId': 'published',
      'Upstash-Workflow-Url': url,
      'Upstash-Feature-Set': 'LazyFetch,InitialBody',
      'Upstash-Forward-Upstash-Workflow-Sdk-Version': '1',
    },
  });
  await new WorkflowClient({}).trigger({ url, body: { appUrl }, workflowRunId: 'triggered' });
}

void main();
