import { connect, DeliverPolicy } from 'nats';

/** Prints every run that ends: the whole of a subscriber. NATS_URL is what `stepwell dev` shows as "Run completions on NATS". */
async function main(): Promise<void> {
  const { host, username: user, password: pass } = new URL(process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222');
  const connection = await connect({ servers: host, user, pass, inboxPrefix: '_INBOX_reader' });
  const fromNowOn = { filterSubjects: 'stepwell.runs.>', deliver_policy: DeliverPolicy.New };
  const consumer = await connection.jetstream().consumers.get('STEPWELL_RUNS', fromNowOn);
  for await (const message of await consumer.consume()) console.log(message.subject, message.json());
}

void main();
