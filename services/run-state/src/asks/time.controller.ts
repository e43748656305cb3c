import { Controller } from '@nestjs/common';
import type { Done, Message, TimeAnswer } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf } from './partition';

/** What time it is, for services that have no store to ask themselves (T2). */
@Controller()
export class TimeController {
  constructor(private readonly runtime: RunStateRuntime) {}

  @Answers(asks.ReadTime)
  async readTime(_nothing: Message<Done>, context: AskContext): Promise<Message<TimeAnswer>> {
    // One answer is enough: the owner's of whichever partition was asked.
    hostOf(this.runtime.registry, context);
    return Promise.resolve(message({ nowMs: this.runtime.clock.nowMs() }));
  }
}
