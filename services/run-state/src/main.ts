import 'reflect-metadata';
import { runService } from '@stepwell/platform';
import { runStateService } from './run-state.service';

void runService(runStateService);
