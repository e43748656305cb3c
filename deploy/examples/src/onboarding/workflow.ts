import { serve } from '@upstash/workflow/express';
import { sendEmail } from '../app/outbox';

export interface NewCustomer {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  /** Base URL of an OpenAI-compatible API. */
  readonly aiUrl: string;
}

interface ChatCompletion {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
}

/** `3d` in earnest; seconds by default, so that one sees the end. */
const followUpAfter = (): string => process.env['FOLLOW_UP_AFTER'] ?? '5s';

/** Customer onboarding: welcome mail, wait, AI-written follow-up, second mail. */
export const onboarding = serve<NewCustomer>(async (context) => {
  const { userId, email, name, aiUrl } = context.requestPayload;

  await context.run('send-welcome-email', () =>
    sendEmail(`${userId}-welcome`, email, `Welcome to our service, ${name}!`),
  );

  await context.sleep('sleep-until-follow-up', followUpAfter() as `${bigint}s`);

  const { body } = await context.call<ChatCompletion>('generate-personalized-message', {
    url: `${aiUrl}/v1/chat/completions`,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${process.env['OPENAI_API_KEY'] ?? 'none-needed'}`,
    },
    body: JSON.stringify({
      model: 'gpt-3.5-turbo',
      messages: [
        { role: 'system', content: 'You are an assistant creating personalized follow-up messages.' },
        {
          role: 'user',
          content: `Create a short, friendly follow-up message for ${name} who joined our service 3 days ago.`,
        },
      ],
    }),
  });
  const personalizedMessage = body.choices[0]?.message.content ?? `How are you, ${name}?`;

  await context.run('send-follow-up-email', () => sendEmail(`${userId}-follow-up`, email, personalizedMessage));

  return { userId, mails: 2 };
});
