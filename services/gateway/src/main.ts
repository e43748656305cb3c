import 'reflect-metadata';
import { runService } from '@stepwell/platform';
import { gatewayService } from './gateway.service';

void runService(gatewayService);
