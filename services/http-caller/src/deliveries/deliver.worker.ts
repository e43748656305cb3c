import { Controller } from '@nestjs/common';
import type { DeliverItem, Message, WorkContext } from '@stepwell/core';
import { works } from '@stepwell/core';
import { Works } from '@stepwell/messaging';
import { DeliverySender } from './delivery.sender';

/** `Deliver`: a step delivery, a call's callback or a failure callback, to the user's endpoint. */
@Controller()
export class DeliverWorker {
  constructor(private readonly sender: DeliverySender) {}

  @Works(works.Deliver)
  deliver(work: Message<DeliverItem>, context: WorkContext): Promise<void> {
    return this.sender.deliver(work, context);
  }
}
