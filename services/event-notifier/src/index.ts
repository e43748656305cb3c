export { noTopics } from './announcements/no-topics';
export { EventNotifierModule } from './event-notifier.module';
export { eventNotifierService } from './event-notifier.service';
