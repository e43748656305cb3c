import { Client as QStashClient } from '@upstash/qstash';
import { DEV } from '../stepwell-under-test';
import type { Bench } from './bench';

const CHAT = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };

/** The official client, but for the hosts of providers, which are a stand-in here. */
class ReroutedClient extends QStashClient {
  constructor(
    engineUrl: string,
    private readonly standIn: string,
  ) {
    super({ baseUrl: engineUrl, token: DEV.token });
  }

  override batch(requests: Parameters<QStashClient['batch']>[0]): ReturnType<QStashClient['batch']> {
    return super.batch(
      requests.map((request) =>
        'url' in request && request.url !== undefined
          ? { ...request, url: request.url.replace(/^https:\/\/api\.(anthropic|resend)\.com/, `${this.standIn}/$1`) }
          : request,
      ),
    );
  }
}

/* `context.api.*` are calls with a provider's URL and secret (protocol.md 8.3): the server has no part in it but the secret's safe way. */
export function providerApis(bench: Bench): void {
  describe('provider APIs', () => {
    it('OpenAI, by its base URL', async () => {
      const path = '/openai/v1/chat/completions';
      bench.thirdParty.answersAt(path, { body: '{"choices":[{"message":{"content":"hello"}}]}' });
      const { runId, result } = await bench.runs(async (context) => {
        const { status, body } = await context.api.openai.call('chat', {
          baseURL: `${bench.thirdParty.url}/openai`,
          token: 'secret-of-openai',
          operation: 'chat.completions.create',
          body: CHAT,
        });
        return { status, said: body.choices[0]?.message.content };
      });
      expect(result).toEqual({ status: 200, said: 'hello' });
      expect(bench.thirdParty.seen(path)).toMatchObject([
        { method: 'POST', headers: { authorization: 'Bearer secret-of-openai' }, body: JSON.stringify(CHAT) },
      ]);
      await bench.called(runId, 3);
    });

    it('Anthropic and Resend, at a stand-in for their hosts', async () => {
      bench.thirdParty.answersAt('/anthropic/v1/messages', { body: '{"content":[{"type":"text","text":"hello"}]}' });
      bench.thirdParty.answersAt('/resend/emails', { body: '{"id":"mail-1"}' });
      bench.thirdParty.answersAt('/resend/emails/batch', { body: '{"data":[{"id":"mail-2"}]}' });
      const mail = { from: 'a@example.com', to: 'b@example.com', subject: 's', html: '<b>hi</b>' };
      const runId = await bench.app.begin(
        async (context) => {
          const said = await context.api.anthropic.call('chat', {
            token: 'secret-of-anthropic',
            operation: 'messages.create',
            body: { ...CHAT, max_tokens: 5 },
          });
          const sent = await context.api.resend.call<false, { id: string }, object>('mail', {
            token: 'secret-of-resend',
            body: mail,
          });
          const many = await context.api.resend.call<true, { data: { id: string }[] }, object>('mails', {
            token: 'secret-of-resend',
            batch: true,
            body: [mail],
          });
          return [said.body.content[0]?.text, sent.body.id, many.body.data[0]?.id];
        },
        {},
        { qstashClient: new ReroutedClient(bench.stepwell.url, bench.thirdParty.url) },
      );
      const log = await bench.app.ended(runId);
      expect(log.workflowRunResponse).toBe('["hello","mail-1","mail-2"]');
      expect(bench.thirdParty.seen('/anthropic/v1/messages')).toMatchObject([
        { method: 'POST', headers: { 'x-api-key': 'secret-of-anthropic', 'anthropic-version': expect.any(String) } },
      ]);
      expect(bench.thirdParty.seen('/resend/emails')).toMatchObject([
        { method: 'POST', headers: { authorization: 'Bearer secret-of-resend' }, body: JSON.stringify(mail) },
      ]);
      expect(bench.thirdParty.seen('/resend/emails/batch')).toHaveLength(1);
      await bench.called(runId, 1 + 3 * 2);
    });
  });
}
