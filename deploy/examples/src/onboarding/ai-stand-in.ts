import { Router } from 'express';

interface ChatRequest {
  readonly model?: string;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
}

/** A small local model with the shape of OpenAI's chat completions, so that the example needs no account. */
export function aiStandIn(): Router {
  const router = Router();
  router.post('/v1/chat/completions', (request, response) => {
    const { model = 'stand-in', messages = [] } = request.body as ChatRequest;
    const asked = messages.findLast((message) => message.role === 'user')?.content ?? '';
    const name = /for (\S+)/.exec(asked)?.[1] ?? 'there';
    response.json({
      id: 'chatcmpl-stand-in',
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1000),
      model,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: `Hi ${name}, how are your first days with us? We are glad you are here.`,
          },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: asked.length, completion_tokens: 14, total_tokens: asked.length + 14 },
    });
  });
  return router;
}
