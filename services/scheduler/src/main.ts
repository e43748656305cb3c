import 'reflect-metadata';
import { runService } from '@stepwell/platform';
import { schedulerService } from './scheduler.service';

void runService(schedulerService);
