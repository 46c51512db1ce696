export { GatewayCard } from './GatewayCard';
