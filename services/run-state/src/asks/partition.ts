import type { Refused } from '@stepwell/core';
import { isRefused, Silence } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import type { PartitionHost } from '../partition/partition.host';
import type { PartitionRegistry } from '../partition/partition.registry';

/** The host an ask was addressed to. @throws Silence when it isn't held here. */
export function hostOf(registry: PartitionRegistry, context: AskContext): PartitionHost {
  if (context.partition === undefined) throw new Silence(`${context.name} names no partition`);
  return registry.host(context.partition);
}

/** For commands that know no refusal: an entry that can't be stored must not look like one that was. @throws Silence */
export function unrefused<Answer extends object>(answer: Answer | Refused, what: string): Answer {
  if (isRefused(answer)) throw new Silence(`${what}: ${answer.refused}`);
  return answer;
}
