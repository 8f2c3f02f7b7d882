using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// What must hold for commands to be executed. All conditions are looked at before the first write; where one does not hold, nothing is
/// written. Its key needs the hash tag of the bucket, as that of a <see cref="RedisWrite"/> does.
/// </summary>
public sealed class RedisCondition
{
    private RedisCondition(string name, string key, RedisValue first = default, RedisValue second = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        (Name, Key, First, Second) = (name, key, first, second);
    }

    /// <summary>The key that is looked at.</summary>
    public string Key { get; }

    internal string Name { get; }

    internal RedisValue First { get; }

    internal RedisValue Second { get; }

    /// <summary>The key is there, of whatever type.</summary>
    /// <param name="key">The key.</param>
    public static RedisCondition Exists(string key) => new("exists", key);

    /// <summary>The key is not there.</summary>
    /// <param name="key">The key.</param>
    public static RedisCondition Absent(string key) => new("absent", key);

    /// <summary>The key is a string with this value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    public static RedisCondition ValueEquals(string key, RedisValue value) => new("equals", key, RedisWrite.Some(value));

    /// <summary>The key is a hash whose field has this value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="field">The field.</param>
    /// <param name="value">The value.</param>
    public static RedisCondition HashFieldEquals(string key, RedisValue field, RedisValue value) =>
        new("hash-equals", key, RedisWrite.Some(field), RedisWrite.Some(value));

    /// <summary>The condition in words, without the values.</summary>
    public override string ToString() => $"{Name} {Key}";
}
