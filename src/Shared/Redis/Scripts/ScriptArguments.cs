using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>KEYS and ARGV of a script, as they grow. Every key that the script touches is here.</summary>
internal sealed class ScriptArguments
{
    private readonly List<RedisKey> _keys;
    private readonly List<RedisValue> _values;
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

    internal ScriptArguments(IEnumerable<string> keys, params IEnumerable<RedisValue> values)
    {
        (_keys, _values) = ([], [.. values]);
        foreach (var key in keys)
        {
            Add(key);
        }
    }

    internal RedisKey[] Keys => [.. _keys];

    internal RedisValue[] Values => [.. _values];

    /// <summary>Adds a value behind the others.</summary>
    internal void Add(RedisValue value) => _values.Add(value.IsNull ? RedisValue.EmptyString : value);

    /// <summary>Adds a key behind the others, also where it is there already.</summary>
    internal void AddKey(string key) => _keys.Add(key);

    /// <summary>The place of a key in KEYS, from 1; it is added where it is not there yet.</summary>
    internal int PlaceOf(string key) => _places.TryGetValue(key, out var place) ? place : Add(key);

    /// <summary>Adds commands as <c>commands.lua</c> reads them.</summary>
    /// <param name="commands">The conditions and writes.</param>
    internal void Add(RedisCommands commands)
    {
        Add(commands.Conditions.Count);
        Add(commands.Writes.Count);
        foreach (var condition in commands.Conditions)
        {
            Add(condition.Name, condition.Key, condition.First, condition.Second);
        }

        foreach (var write in commands.Writes)
        {
            Add(write.Name, write.Key, write.First, write.Second);
        }
    }

    private void Add(string name, string key, RedisValue first, RedisValue second)
    {
        Add((RedisValue)name);
        Add(PlaceOf(key));
        Add(first);
        Add(second);
    }

    private int Add(string key)
    {
        _keys.Add(key);
        return _places[key] = _keys.Count;
    }
}
