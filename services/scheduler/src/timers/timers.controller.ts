import { Controller } from '@nestjs/common';
import type { CancelTimersRequest, Done, Message, SetTimersRequest } from '@stepwell/core';
import { asks, message, Silence } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { TimerOwner } from './timer.owner';

/** What run-state asks of the scheduler. Answered when the store has it. */
@Controller()
export class TimersController {
  constructor(private readonly owner: TimerOwner) {}

  @Answers(asks.SetTimers)
  async set({ head }: Message<SetTimersRequest>): Promise<Message<Done>> {
    await this.owner.set(head.timers);
    return message({});
  }

  @Answers(asks.CancelTimers)
  async cancel({ head }: Message<CancelTimersRequest>, { partition }: AskContext): Promise<Message<Done>> {
    if (partition === undefined) throw new Silence('timers belong to partitions');
    await this.owner.cancel(partition, head.ids);
    return message({});
  }
}
