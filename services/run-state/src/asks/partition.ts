import type { AskContext } from '@stepwell/messaging';
import { Silence } from '@stepwell/core';
import type { PartitionHost } from '../partition/partition.host';
import type { PartitionRegistry } from '../partition/partition.registry';

/** The host an ask was addressed to. @throws Silence when it isn't held here. */
export function hostOf(registry: PartitionRegistry, context: AskContext): PartitionHost {
  if (context.partition === undefined) throw new Silence(`${context.name} names no partition`);
  return registry.host(context.partition);
}
