/** Every call of a part is a point at which its process may die: before it, or after it did its work. */
export function mortal<T extends object>(part: T, die: (when: 'before' | 'after') => void): T {
  return new Proxy(part, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        die('before');
        const result = value.apply(target, args);
        if (!(result instanceof Promise)) {
          die('after');
          return result;
        }
        return result.then((settled) => {
          die('after');
          return settled;
        });
      };
    },
  });
}
