using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Primitives;

namespace NATS.Client.Core;

public class NatsHeaders : IDictionary<string, StringValues>
{
    private readonly Dictionary<string, StringValues> _values;

    public NatsHeaders()
        : this(0)
    {
    }

    public NatsHeaders(int capacity) => _values = new(capacity, StringComparer.OrdinalIgnoreCase);

    public NatsHeaders(Dictionary<string, StringValues>? store) => _values = store ?? new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The status of a message that the server itself made, such as 503; 0 for all others.</summary>
    public int Code { get; internal set; }

    /// <summary>The text after <see cref="Code"/>.</summary>
    public string MessageText { get; internal set; } = "";

    public NatsException? Error { get; internal set; }

    public int Count => _values.Count;

    public bool IsReadOnly => false;

    public ICollection<string> Keys => _values.Keys;

    public ICollection<StringValues> Values => _values.Values;

    public StringValues this[string key]
    {
        get => _values.GetValueOrDefault(key);
        set
        {
            if (value.Count == 0)
            {
                _values.Remove(key);
            }
            else
            {
                _values[key] = value;
            }
        }
    }

    public void Add(string key, StringValues value) => _values.Add(key, value);

    public void Add(KeyValuePair<string, StringValues> item) => _values.Add(item.Key, item.Value);

    public void Clear() => _values.Clear();

    public bool Contains(KeyValuePair<string, StringValues> item) =>
        _values.TryGetValue(item.Key, out var value) && StringValues.Equals(value, item.Value);

    public bool ContainsKey(string key) => _values.ContainsKey(key);

    public void CopyTo(KeyValuePair<string, StringValues>[] array, int arrayIndex) =>
        ((ICollection<KeyValuePair<string, StringValues>>)_values).CopyTo(array, arrayIndex);

    public bool Remove(string key) => _values.Remove(key);

    public bool Remove(KeyValuePair<string, StringValues> item) => Contains(item) && _values.Remove(item.Key);

    public bool TryGetValue(string key, out StringValues value) => _values.TryGetValue(key, out value);

    public bool TryGetLastValue(string key, [NotNullWhen(returnValue: true)] out string? value)
    {
        value = _values.TryGetValue(key, out var values) && values.Count > 0 ? values[^1] : null;
        return value is not null;
    }

    IEnumerator<KeyValuePair<string, StringValues>> IEnumerable<KeyValuePair<string, StringValues>>.GetEnumerator() =>
        _values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _values.GetEnumerator();

    /// <summary>Without the allocation of the interface's enumerator, for the writer.</summary>
    public Dictionary<string, StringValues>.Enumerator GetEnumerator() => _values.GetEnumerator();
}
