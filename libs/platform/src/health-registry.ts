import { Injectable } from '@nestjs/common';

export type HealthCheck = () => boolean | string | Promise<boolean | string>;

/** Named checks behind `/health/ready` and `/health/startup`. A check answers true, or false / a text saying what is missing. */
@Injectable()
export class HealthRegistry {
  private readonly readiness = new Map<string, HealthCheck>();
  private readonly startup = new Map<string, HealthCheck>();

  addReadiness(name: string, check: HealthCheck): void {
    this.readiness.set(name, check);
  }

  addStartup(name: string, check: HealthCheck): void {
    this.startup.set(name, check);
  }

  readinessChecks(): ReadonlyMap<string, HealthCheck> {
    return this.readiness;
  }

  startupChecks(): ReadonlyMap<string, HealthCheck> {
    return this.startup;
  }
}
