export { WholeNames } from './WholeNames';
