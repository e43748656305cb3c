import 'reflect-metadata';
import { runService } from '@stepwell/platform';
import { httpCallerService } from './http-caller.service';

void runService(httpCallerService);
