import type { Problem } from '@stepwell/platform';
import type { FastifyReply } from 'fastify';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** What is answered outside of Nest's pipeline, in the same form as inside. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  // A connection that is closed while its request is still arriving resets, and the client never reads why.
  reply.removeHeader('connection');
  reply
    .headers({ ...problem.headers })
    .code(problem.status)
    .type(JSON_TYPE);
  return reply.send(JSON.stringify(problem.body));
}

export const sendJson = (reply: FastifyReply, json: object): FastifyReply =>
  reply.type(JSON_TYPE).send(JSON.stringify(json));
