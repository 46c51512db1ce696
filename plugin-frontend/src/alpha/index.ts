/**
 * Another name of the package's main entry point, for apps that import the plugin by it.
 *
 * @packageDocumentation
 */
export { default, keeptrustsTranslationRef } from '../index';
