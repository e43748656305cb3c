import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, Inject } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { LOGGER } from '../tokens';
import { Problem, problemIn } from './problem';

/**
 * Every error answer is `{"error","code"}`. What nobody foresaw is answered as INTERNAL with an id and nothing else; the log has
 * the rest under the same id.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly host: HttpAdapterHost,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    // Errors of message handlers are the transport's business: it decides between silence and giving back.
    if (host.getType() !== 'http') throw exception;
    const response: unknown = host.switchToHttp().getResponse();
    const adapter = this.host.httpAdapter;
    const problem = problemIn(exception) ?? this.unforeseen(exception);
    if (adapter.isHeadersSent(response)) {
      adapter.end(response);
      return;
    }
    for (const [name, value] of Object.entries(problem.headers)) adapter.setHeader(response, name, value);
    adapter.reply(response, problem.body, problem.status);
  }

  /** Logs an error nobody foresaw and gives what may be said of it. Also for routes outside of Nest's pipeline. */
  unforeseen(error: unknown): Problem {
    const errorId = randomUUID();
    this.logger.error({ err: error, errorId }, 'unforeseen error in a request');
    return new Problem('INTERNAL', `internal error ${errorId}`);
  }
}
