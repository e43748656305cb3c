import { Controller } from '@nestjs/common';
import type { CallOutItem, Message, WorkContext } from '@stepwell/core';
import { works } from '@stepwell/core';
import { Works } from '@stepwell/messaging';
import { CallSender } from './call.sender';

/** `CallOut`: the third-party request of a `context.call`, up to hours long; its own queue and places (H3). */
@Controller()
export class CallOutWorker {
  constructor(private readonly sender: CallSender) {}

  @Works(works.CallOut)
  callOut(work: Message<CallOutItem>, context: WorkContext): Promise<void> {
    return this.sender.call(work, context);
  }
}
