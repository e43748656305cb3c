/** An item of a gateway's answer, as its client reads it. */
export interface AcceptedItem {
  readonly messageId: string;
  readonly workflowRunId: string;
}

/** A step's result in the list that a delivery carries. */
export interface DeliveredStep {
  readonly messageId: string;
  readonly stepId: number;
  readonly targetStep: number | undefined;
  readonly stepType: string;
  readonly concurrent: number;
  /** Canonical text of what the result says. */
  readonly outcome: string;
  readonly isTimeout: boolean;
}
