/**
 * AI governance status of an entity, for apps of the new frontend system.
 *
 * @packageDocumentation
 */
export { keeptrustsPlugin as default } from './plugin';
export { keeptrustsTranslationRef } from '../translation';
