/** Answers of the service about the platform, for tests and the playground. */
import { PlatformStatus } from '../../api';

/** All is well. */
export const working: PlatformStatus = {
  state: 'ok',
  gateway: {
    state: 'healthy',
    since: '2026-03-07T08:00:00Z',
    version: '2.4.1',
    providers: [
      { name: 'anthropic', state: 'reachable' },
      { name: 'openai', state: 'reachable' },
    ],
    policiesLoaded: 14,
  },
  controlPlane: { state: 'ready' },
  links: {
    console: 'https://console.example.com',
    gateway: 'https://gateway.example.com',
  },
  freshness: {
    observedAt: '2026-03-10T11:59:55Z',
    assessedAt: '2026-03-10T11:59:55Z',
    stale: false,
  },
};

/** A provider and the control plane are away; requests to the other provider pass. */
export const impaired: PlatformStatus = {
  ...working,
  state: 'warning',
  gateway: {
    ...working.gateway,
    state: 'degraded',
    providers: [
      { name: 'anthropic', state: 'reachable' },
      { name: 'openai', state: 'unreachable' },
    ],
  },
  controlPlane: { state: 'not-ready' },
};

/** The gateway does not answer. */
export const failing: PlatformStatus = {
  ...working,
  state: 'error',
  gateway: {
    state: 'unreachable',
    message: 'No connection to the gateway within 2 s.',
  },
};

/** No gateway is configured. */
export const unconfiguredGateway: PlatformStatus = {
  ...working,
  gateway: {
    state: 'unconfigured',
    message: 'No address of a gateway is configured.',
  },
  links: {},
};
