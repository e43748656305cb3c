/**
 * The official dev server's predefined user (protocol.md section 16): public by design, and what makes `QSTASH_DEV=true` adopt this
 * server. For `stepwell dev` on loopback only; `stepwell start` has no defaults for any of it.
 */
export const DEV_ACCOUNT = {
  token: 'eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0=',
  currentSigningKey: 'sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r',
  nextSigningKey: 'sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs',
} as const;
