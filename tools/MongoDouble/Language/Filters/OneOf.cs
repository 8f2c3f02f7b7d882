using System.Text.RegularExpressions;
using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Filters;

/// <summary><c>$in</c>: equal to a value of a list, or matched by a regular expression of it.</summary>
internal sealed class OneOf(IReadOnlyList<BsonValue> values) : Predicate
{
    private readonly HashSet<BsonValue?> _values = new(values, ValueOrder.Instance);
    private readonly bool _nothing = values.Any(value => value is BsonNull or BsonUndefined);
    private readonly Regex[] _regexes = [.. values.OfType<BsonRegularExpression>().Select(Regexes.Compile)];

    public IReadOnlyList<BsonValue> Values { get; } = values;

    public bool HasRegexes => _regexes.Length > 0;

    public override bool Holds(BsonValue? value, Evaluation evaluation) =>
        BsonTypes.IsNullish(value)
            ? _nothing
            : _values.Contains(value) || (value is BsonString text && Array.Exists(_regexes, regex => regex.IsMatch(text.Value)));
}
