export { ConfigError } from './config.error';
export type { ConfigProblem } from './config.error';
export { configFrom, describeSettings, loadConfig } from './load-config';
export type { SettingDescription } from './load-config';
export {
  BusConfig,
  CommonConfig,
  MemberConfig,
  memberIdentity,
  StoreConfig,
  SubmissionConfig,
} from './service-settings';
export type { LogFormat, LogLevel } from './service-settings';
export { Setting, settingsOf } from './setting.decorator';
export type { ConfigClass, SettingForm, SettingOptions } from './setting.decorator';
