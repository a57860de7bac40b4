/**
 * The changes of the store in Redis, each a script that runs as a whole. `KEYS` and `ARGV` are as `redis-store.ts` gives them;
 * the channel is told of each change by the evaluation's id.
 */
export const SCRIPTS = {
  /** KEYS: evaluation, all, unfinished, idempotency key. ARGV: id, timestamp, plan, fingerprint, key's life in ms, most unfinished, channel. */
  createEvaluation: {
    keys: 4,
    lua: `
      local id, fingerprint = ARGV[1], ARGV[4]
      if fingerprint ~= '' then
        local known = redis.call('HMGET', KEYS[4], 'id', 'fingerprint')
        if known[1] then
          return {known[2] == fingerprint and 'known' or 'reused', known[1]}
        end
      end
      if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[6]) then return {'full', ''} end
      redis.call('HSET', KEYS[1], 'id', id, 'state', 'waiting', 'timestamp', ARGV[2], 'plan', ARGV[3], 'done', 0, 'version', 1)
      redis.call('ZADD', KEYS[2], 0, id)
      redis.call('ZADD', KEYS[3], 0, id)
      if fingerprint ~= '' then
        redis.call('HSET', KEYS[4], 'id', id, 'fingerprint', fingerprint)
        redis.call('PEXPIRE', KEYS[4], ARGV[5])
      end
      redis.call('PUBLISH', ARGV[7], id)
      return {'created', id}`,
  },
  /** KEYS: evaluation. ARGV: now, channel. */
  beginEvaluation: {
    keys: 1,
    lua: `
      local state = redis.call('HGET', KEYS[1], 'state')
      if state == 'waiting' then
        redis.call('HSET', KEYS[1], 'state', 'active', 'processedOn', ARGV[1])
        redis.call('HINCRBY', KEYS[1], 'version', 1)
        redis.call('PUBLISH', ARGV[2], redis.call('HGET', KEYS[1], 'id'))
        return 1
      end
      return state == 'active' and 1 or 0`,
  },
  /** KEYS: evaluation, parts. ARGV: shard, part, scenes in it, channel. */
  addEvaluationPart: {
    keys: 2,
    lua: `
      if redis.call('HGET', KEYS[1], 'state') ~= 'active' then return 0 end
      if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2]) == 1 then
        redis.call('HINCRBY', KEYS[1], 'done', ARGV[3])
        redis.call('HINCRBY', KEYS[1], 'version', 1)
        redis.call('PUBLISH', ARGV[4], redis.call('HGET', KEYS[1], 'id'))
      end
      return 1`,
  },
  /** KEYS: evaluation, parts, unfinished. ARGV: id, channel, then fields and values that say how it ends. */
  finishEvaluation: {
    keys: 3,
    lua: `
      local state = redis.call('HGET', KEYS[1], 'state')
      if state ~= 'waiting' and state ~= 'active' then return 0 end
      redis.call('HSET', KEYS[1], unpack(ARGV, 3))
      redis.call('HINCRBY', KEYS[1], 'version', 1)
      redis.call('DEL', KEYS[2])
      redis.call('ZREM', KEYS[3], ARGV[1])
      redis.call('PUBLISH', ARGV[2], ARGV[1])
      return 1`,
  },
} as const;
