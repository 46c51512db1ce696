/**
 * AI governance status of an entity: what it claims and what the Keeptrusts gateway knows. The default export is the
 * plugin for apps of the new frontend system; those of the old one take `backstage-plugin-keeptrusts/legacy`.
 *
 * @packageDocumentation
 */
export * from './annotations';
export * from './api';
export { keeptrustsPlugin as default } from './alpha/plugin';
export { keeptrustsTranslationRef } from './translations';
