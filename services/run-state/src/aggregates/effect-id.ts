/** Effect ids are `<stream>:<version>:<k>`; the stream's name may hold colons. */
export interface EffectPlace {
  readonly version: number;
  readonly k: number;
}

export function streamOfEffect(effectId: string): string {
  return effectId.slice(0, effectId.lastIndexOf(':', effectId.lastIndexOf(':') - 1));
}

/** Which entry of its stream an effect came from, and which of that entry's it is. */
export function placeOfEffect(effectId: string): EffectPlace {
  const last = effectId.lastIndexOf(':');
  const first = effectId.lastIndexOf(':', last - 1);
  return { version: Number(effectId.slice(first + 1, last)), k: Number(effectId.slice(last + 1)) };
}
