namespace Relaybox.Redis;

/// <summary>The conditions and writes of an app that are executed together with an event: all of them, or none.</summary>
public sealed class RedisCommands
{
    /// <summary>The most conditions and writes together.</summary>
    public const int MaxCommands = 1_000;

    private readonly List<RedisCondition> _conditions = [];
    private readonly List<RedisWrite> _writes = [];

    /// <summary>Commands with these writes, in their order.</summary>
    /// <param name="writes">The writes.</param>
    public RedisCommands(params IEnumerable<RedisWrite> writes)
    {
        ArgumentNullException.ThrowIfNull(writes);
        foreach (var write in writes)
        {
            Add(write);
        }
    }

    internal IReadOnlyList<RedisCondition> Conditions => _conditions;

    internal IReadOnlyList<RedisWrite> Writes => _writes;

    internal IEnumerable<string> Keys => _conditions.Select(condition => condition.Key).Concat(_writes.Select(write => write.Key));

    /// <summary>Adds a write behind the others.</summary>
    /// <param name="write">The write.</param>
    /// <returns>This list.</returns>
    public RedisCommands Add(RedisWrite write)
    {
        ArgumentNullException.ThrowIfNull(write);
        RefuseMore();
        _writes.Add(write);
        return this;
    }

    /// <summary>Adds a condition. All conditions are looked at before the first write.</summary>
    /// <param name="condition">The condition.</param>
    /// <returns>This list.</returns>
    public RedisCommands Require(RedisCondition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        RefuseMore();
        _conditions.Add(condition);
        return this;
    }

    private void RefuseMore()
    {
        if (_conditions.Count + _writes.Count == MaxCommands)
        {
            throw new InvalidOperationException(
                $"There can be {MaxCommands} conditions and writes in one script, which blocks the server meanwhile.");
        }
    }
}
