import { isKeeptrustsAvailable, isKeeptrustsGateway } from './annotations';
import {
  claimingEntity,
  gatewayEntity,
  plainEntity,
} from './fixtures/entities';

describe('isKeeptrustsAvailable', () => {
  it('holds for what claims a gateway key, and for nothing else', () => {
    expect(
      [claimingEntity, plainEntity, gatewayEntity].map(isKeeptrustsAvailable),
    ).toEqual([true, false, false]);
  });
});

describe('isKeeptrustsGateway', () => {
  it('holds for what is a gateway, and for nothing else', () => {
    expect(
      [claimingEntity, plainEntity, gatewayEntity].map(isKeeptrustsGateway),
    ).toEqual([false, false, true]);
  });
});
