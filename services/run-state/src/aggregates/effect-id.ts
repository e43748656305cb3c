/** Effect ids are `<stream>:<version>:<k>`; the stream's name may hold colons. */
export function streamOfEffect(effectId: string): string {
  return effectId.slice(0, effectId.lastIndexOf(':', effectId.lastIndexOf(':') - 1));
}
