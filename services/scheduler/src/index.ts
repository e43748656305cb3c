export { SchedulerSettings } from './scheduler.config';
export { SchedulerModule } from './scheduler.module';
export { schedulerService, schedulerStore } from './scheduler.service';
