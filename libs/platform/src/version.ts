/** Of the product as a whole: all packages are released together. A spec compares it with package.json, which bundles don't carry. */
export const VERSION = '0.1.0';
