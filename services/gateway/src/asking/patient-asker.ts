import { Inject, Injectable } from '@nestjs/common';
import type { AskAddress, AskDefinition, Bus, GiveUpSignal, Message } from '@stepwell/core';
import { NobodyAnswered } from '@stepwell/core';
import { BUS, Problem } from '@stepwell/platform';
import { GatewayConfig } from '../gateway.config';

/**
 * Asking on behalf of a client that holds on (B4). The client's open request is the only thing that remembers what was asked, so
 * the same ask is repeated by the bus until it is answered, the client hangs up, or the patience is over; then it throws
 * `NobodyAnswered`, and the client is told `UNAVAILABLE`.
 */
/** Who knows answers at once. */
const AROUND = { tryMs: 300, patienceMs: 300 };

@Injectable()
export class PatientAsker {
  private waiting = 0;

  constructor(
    @Inject(BUS) private readonly bus: Bus,
    private readonly config: GatewayConfig,
  ) {}

  /** How many asks wait for their answer now: the measure by which starts are shed. */
  get pending(): number {
    return this.waiting;
  }

  /** @throws NobodyAnswered when the patience is over, Problem UNAVAILABLE when the client is gone. */
  async ask<Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    address: AskAddress,
    message: Message<Request>,
    hangUp: GiveUpSignal,
  ): Promise<Message<Answer>> {
    this.waiting += 1;
    try {
      return await this.bus.ask(definition, address, message, { patienceMs: this.config.patienceMs, signal: hangUp });
    } catch (error) {
      throw hangUp.aborted ? new Problem('UNAVAILABLE', 'the client hung up', { cause: error }) : error;
    } finally {
      this.waiting -= 1;
    }
  }

  /** Asks every process of a service once; undefined when none of them knows. */
  async askAround<Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    message: Message<Request>,
    hangUp: GiveUpSignal,
  ): Promise<Message<Answer> | undefined> {
    try {
      return await this.bus.ask(definition, 'all', message, { ...AROUND, signal: hangUp });
    } catch (error) {
      if (error instanceof NobodyAnswered) return undefined;
      throw error;
    }
  }
}
