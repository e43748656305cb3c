import { callStep } from './call.step';
import { createWebhookStep } from './create-webhook.step';
import { invokeStep } from './invoke.step';
import { notifyStep } from './notify.step';
import { runStep } from './run.step';
import { sleepForStep } from './sleep-for.step';
import { sleepUntilStep } from './sleep-until.step';
import type { StepKind } from './step-kind';
import { waitForEventStep } from './wait-for-event.step';
import { waitForWebhookStep } from './wait-for-webhook.step';

/** The registry: one line a kind. */
const KINDS: readonly StepKind[] = [
  runStep,
  sleepForStep,
  sleepUntilStep,
  callStep,
  waitForEventStep,
  waitForWebhookStep,
  createWebhookStep,
  notifyStep,
  invokeStep,
];

const byType = new Map(KINDS.map((kind) => [kind.type.toLowerCase(), kind]));

/** Unknown kinds come from newer clients: they are logged, delivered and shown like a `Run` (protocol.md 18). */
export const stepKind = (type: string): StepKind => byType.get(type.toLowerCase()) ?? { ...runStep, type };

export type { StepJson, StepKind } from './step-kind';
