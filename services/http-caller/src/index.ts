export { HttpCallerConfig } from './http-caller.config';
export { HttpCallerModule } from './http-caller.module';
export { intakeOf } from './http-caller.parts';
export { httpCallerService } from './http-caller.service';
