/** The same object, but for these of its methods. */
export function overriding<Target extends object>(target: Target, overrides: Partial<Target>): Target {
  return new Proxy(target, {
    get: (inside, name) => {
      if (name in overrides) return Reflect.get(overrides, name) as unknown;
      const value: unknown = Reflect.get(inside, name, inside);
      return typeof value === 'function' ? (value.bind(inside) as unknown) : value;
    },
  });
}
