using System.Globalization;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// A write to a key of the app's own, which is executed together with an outbox row or with the mark of a message: all of it, or nothing.
/// Redis rolls nothing back, so everything is checked before the first write: a key of another type, a value that is no number, and a
/// number that would need more than 64 bits are refused.
/// </summary>
/// <remarks>
/// The key must have the hash tag of the bucket (see <c>RedisOutboxWriter.GetTag</c> and <c>GetRedisTag</c>), such as
/// <c>user:{relaybox:0}:7</c>, and must not begin with it: those keys are Relaybox's own.
/// </remarks>
public sealed class RedisWrite
{
    private RedisWrite(string name, string key, RedisValue first = default, RedisValue second = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        (Name, Key, First, Second) = (name, key, first, second);
    }

    /// <summary>The key that is written.</summary>
    public string Key { get; }

    internal string Name { get; }

    internal RedisValue First { get; }

    internal RedisValue Second { get; }

    /// <summary>Sets a string, whatever the key was before (SET). Its result is <c>OK</c>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="expiry">After how long the key goes away; null: never.</param>
    public static RedisWrite Set(string key, RedisValue value, TimeSpan? expiry = null) =>
        new("set", key, Some(value), expiry is { } after ? Milliseconds(after) : default);

    /// <summary>Deletes a key of any type (DEL). Its result is how many keys there were: 0 or 1.</summary>
    /// <param name="key">The key.</param>
    public static RedisWrite Delete(string key) => new("delete", key);

    /// <summary>Adds to the whole number in a string; an absent one counts as 0 (INCRBY). Its result is the sum.</summary>
    /// <param name="key">The key.</param>
    /// <param name="by">What is added.</param>
    public static RedisWrite Increment(string key, long by = 1) => new("increment", key, by);

    /// <summary>Sets a field of a hash (HSET). Its result is how many fields are new: 0 or 1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="field">The field.</param>
    /// <param name="value">The value.</param>
    public static RedisWrite HashSet(string key, RedisValue field, RedisValue value) => new("hash-set", key, Some(field), Some(value));

    /// <summary>Adds to the whole number in a field of a hash; an absent one counts as 0 (HINCRBY). Its result is the sum.</summary>
    /// <param name="key">The key.</param>
    /// <param name="field">The field.</param>
    /// <param name="by">What is added.</param>
    public static RedisWrite HashIncrement(string key, RedisValue field, long by = 1) => new("hash-increment", key, Some(field), by);

    /// <summary>Deletes a field of a hash (HDEL). Its result is how many fields there were: 0 or 1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="field">The field.</param>
    public static RedisWrite HashDelete(string key, RedisValue field) => new("hash-delete", key, Some(field));

    /// <summary>Adds a member to a set (SADD). Its result is how many members are new: 0 or 1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="member">The member.</param>
    public static RedisWrite SetAdd(string key, RedisValue member) => new("set-add", key, Some(member));

    /// <summary>Removes a member from a set (SREM). Its result is how many members there were: 0 or 1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="member">The member.</param>
    public static RedisWrite SetRemove(string key, RedisValue member) => new("set-remove", key, Some(member));

    /// <summary>Gives a member of a sorted set its score (ZADD). Its result is how many members are new: 0 or 1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="member">The member.</param>
    /// <param name="score">The score.</param>
    public static RedisWrite SortedSetAdd(string key, RedisValue member, double score)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(double.IsNaN(score), true, nameof(score));
        return new("sorted-set-add", key, Some(member), Text(score));
    }

    /// <summary>Removes a member from a sorted set (ZREM). Its result is how many members there were: 0 or 1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="member">The member.</param>
    public static RedisWrite SortedSetRemove(string key, RedisValue member) => new("sorted-set-remove", key, Some(member));

    /// <summary>Appends a value to a list (RPUSH). Its result is the list's new length.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    public static RedisWrite ListPush(string key, RedisValue value) => new("list-push", key, Some(value));

    /// <summary>Lets a key go away after a time (PEXPIRE). Its result is whether the key is there: 0 or 1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="after">After how long; at least one millisecond.</param>
    public static RedisWrite Expire(string key, TimeSpan after) => new("expire", key, Milliseconds(after));

    internal static RedisValue Some(RedisValue value) =>
        value.IsNull ? throw new ArgumentException("Redis has no null: delete the key or the field instead.", nameof(value)) : value;

    private static RedisValue Milliseconds(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.FromMilliseconds(1));
        return (long)time.TotalMilliseconds;
    }

    private static string Text(double score) =>
        double.IsInfinity(score) ? score > 0 ? "+inf" : "-inf" : score.ToString("R", CultureInfo.InvariantCulture);
}
