/**
 * The cluster's Redis: the smarthost settings, and the event that they changed.
 *
 * The environment holds the addresses of Redis (`addresses.ts`). One connection reads one hash
 * (`redis.ts`), and a guard checks all data before ioredis decodes it (`resp.ts`). The hash becomes
 * typed settings (`settings.ts`). A listener gets the event, also after a restart of Redis
 * (`events.ts`).
 *
 * A new field of the settings (`settings.ts`) or a new error of Redis (`redis.ts`) belongs here.
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
