/**
 * The cluster's Redis: the settings of the smarthost, and the event that says that they changed.
 *
 * The environment says where Redis is (`addresses.ts`). One connection reads one hash (`redis.ts`), and a guard in
 * front of ioredis lets nothing pass that is not an answer (`resp.ts`). The hash becomes typed
 * settings (`settings.ts`). A listener hears changes across restarts of Redis (`events.ts`).
 *
 * A new field of the settings or a new error of Redis belongs here.
 *
 * @module
 */

export { type ClusterEvent, SMARTHOST_CHANGED, smarthostChanges } from "./events.ts";
export { type RedisAddress, redisAddresses } from "./addresses.ts";
export {
  formatSettings,
  type Found,
  hostProblem,
  OAUTH2_FIELDS,
  type OAuth2Settings,
  parseSettings,
  readSmarthost,
  requireOAuth2,
  SMARTHOST_KEY,
  type SmarthostSettings,
} from "./settings.ts";
