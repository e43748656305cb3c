import { Controller } from '@nestjs/common';
import type { FindAttemptRequest, Message, RunningAttempt } from '@stepwell/core';
import { asks, message, Silence } from '@stepwell/core';
import { Answers } from '@stepwell/messaging';
import { RunningAttempts } from './running.attempts';

/** Says of an attempt that it is made here, if it is. */
@Controller()
export class AttemptsController {
  constructor(private readonly running: RunningAttempts) {}

  @Answers(asks.FindAttempt)
  find({ head }: Message<FindAttemptRequest>): Promise<Message<RunningAttempt>> {
    const found = this.running.find(head);
    return found ? Promise.resolve(message(found)) : Promise.reject(new Silence('it is not made here'));
  }
}
