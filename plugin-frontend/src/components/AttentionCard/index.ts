export { AttentionCard } from './AttentionCard';
