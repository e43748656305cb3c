export { assembleAnnouncer } from './event-notifier-parts';
