import { Controller } from '@nestjs/common';
import type { AnnounceItem, Message } from '@stepwell/core';
import { works } from '@stepwell/core';
import { Works } from '@stepwell/messaging';
import { Announcer } from './announcer';

@Controller()
export class AnnouncementsController {
  constructor(private readonly announcer: Announcer) {}

  @Works(works.Announce)
  announce({ head }: Message<AnnounceItem>): Promise<void> {
    return this.announcer.announce(head);
  }
}
