import { parseDurationMs } from '@stepwell/core';
import type { SettingForm } from './setting.decorator';
import { SETTING_FORMS } from './setting.decorator';

export type SettingValue = string | number | boolean | string[];

const BYTES_PER_UNIT: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };
const SIZE = /^(\d+(?:\.\d+)?)\s*([kmg]?b)?$/;
const TRUE = new Set(['true', '1', 'yes', 'on']);
const FALSE = new Set(['false', '0', 'no', 'off']);

/** The value of a setting's text in its form; `undefined` when it is none. */
export function readSettingText(text: string, form: SettingForm): SettingValue | undefined {
  switch (form) {
    case 'text':
      return text;
    case 'number':
      return Number.isFinite(Number(text)) ? Number(text) : undefined;
    case 'flag': {
      const lower = text.toLowerCase();
      return TRUE.has(lower) ? true : FALSE.has(lower) ? false : undefined;
    }
    case 'duration':
      return parseDurationMs(text);
    case 'bytes':
      return parseBytes(text);
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
  }
}

export const describeForm = (form: SettingForm): string => SETTING_FORMS[form];

function parseBytes(text: string): number | undefined {
  const match = SIZE.exec(text.toLowerCase());
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * (BYTES_PER_UNIT[match[2] ?? ''] ?? NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
