import type { INestApplication } from '@nestjs/common';
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Global,
  Module,
  Post,
  UnauthorizedException,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { NobodyAnswered } from '@stepwell/core';
import { createLogger } from '../logging';
import { LOGGER } from '../tokens';
import { Problem } from './problem';
import { ProblemFilter } from './problem.filter';

const SECRET = 'mongodb://user:hunter2@m/';

@Controller()
class ThrowingController {
  @Get('problem')
  problem(): never {
    throw new Problem('UNKNOWN_RUN');
  }

  @Get('own-status')
  ownStatus(): never {
    throw new Problem('NON_RETRYABLE', 'no use', { status: 418 });
  }

  @Get('silence')
  silence(): never {
    throw new NobodyAnswered('Submit', '3', 10_000);
  }

  @Get('unforeseen')
  unforeseen(): never {
    throw new Error(SECRET);
  }

  @Get('not-even-an-error')
  notAnError(): never {
    throw SECRET as unknown as Error;
  }

  @Get('nest')
  nest(): never {
    throw new UnauthorizedException();
  }

  @Get('pipe')
  pipe(): never {
    throw new BadRequestException(['a must be a number', 'b is missing']);
  }

  @Post('echo')
  echo(@Body() body: unknown): unknown {
    return body;
  }
}

const lines: string[] = [];

@Global()
@Module({
  controllers: [ThrowingController],
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    {
      provide: LOGGER,
      useValue: createLogger({ logLevel: 'info', logFormat: 'json' }, 'example', { write: (line) => lines.push(line) }),
    },
  ],
})
class ExampleModule {}

describe('ProblemFilter', () => {
  let app: INestApplication & NestFastifyApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ imports: [ExampleModule] }).compile();
    app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter({ bodyLimit: 100 }), {
      logger: false,
    });
    await app.init();
  });
  afterAll(() => app.close());
  beforeEach(() => {
    lines.length = 0;
  });

  const get = (url: string) => app.inject({ method: 'GET', url });

  it.each([
    ['/problem', 404, { error: 'unknown workflow run', code: 'UNKNOWN_RUN' }],
    ['/own-status', 418, { error: 'no use', code: 'NON_RETRYABLE' }],
    ['/silence', 503, { error: 'the server cannot answer at the moment', code: 'UNAVAILABLE' }],
    ['/nest', 401, { error: 'Unauthorized', code: 'UNAUTHORIZED' }],
    ['/pipe', 400, { error: 'a must be a number; b is missing', code: 'INVALID_BODY' }],
    ['/nowhere', 404, { error: 'Cannot GET /nowhere', code: 'NOT_FOUND' }],
  ])('answers %s with %d', async (url, status, body) => {
    const answer = await get(url);
    expect([answer.statusCode, answer.json()]).toEqual([status, body]);
    expect(lines).toEqual([]);
  });

  it('tells when to come back', async () => {
    expect((await get('/silence')).headers['retry-after']).toBe('1');
  });

  it.each(['/unforeseen', '/not-even-an-error'])('keeps %s to the log, under the id that it answers', async (url) => {
    const answer = await get(url);
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([500, 'INTERNAL']);
    expect(answer.body).not.toContain('hunter2');
    expect(answer.body).not.toContain('stack');
    const logged = JSON.parse(lines[0] ?? '') as { errorId: string };
    expect(lines[0]).toContain('hunter2');
    expect(answer.body).toContain(logged.errorId);
  });

  it.each([
    ['malformed', '{"a":', 400, 'INVALID_JSON'],
    ['too large', JSON.stringify('x'.repeat(200)), 413, 'BODY_TOO_LARGE'],
    ['empty', '', 400, 'INVALID_BODY'],
  ])('answers a body that is %s', async (_name, payload, status, code) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/echo',
      payload,
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
  });

  it('answers a body of an unknown type', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/echo',
      payload: 'x',
      headers: { 'content-type': 'application/x-unknown' },
    });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([415, 'UNSUPPORTED_MEDIA']);
  });
});
