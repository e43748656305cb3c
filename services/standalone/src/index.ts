export { roleConfigs } from './start/role-configs';
