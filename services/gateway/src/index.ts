export { DEV_CREDENTIALS, GatewayConfig, type Credentials } from './gateway.config';
export { GatewayModule } from './gateway.module';
export { gatewayService, GatewayServiceConfig } from './gateway.service';
export { gatewayHttp } from './http/gateway.adapter';
