import 'reflect-metadata';
import { runService } from '@stepwell/platform';
import { eventNotifierService } from './event-notifier.service';

void runService(eventNotifierService);
