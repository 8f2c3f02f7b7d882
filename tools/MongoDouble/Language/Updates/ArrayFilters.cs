using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Filters;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>The filters that <c>$[identifier]</c> chooses elements by.</summary>
internal sealed class ArrayFilters
{
    private readonly Dictionary<string, Condition> _conditions = [];

    public ArrayFilters(BsonArray? filters)
    {
        foreach (var item in filters ?? [])
        {
            if (item is not BsonDocument { ElementCount: > 0 } filter)
            {
                throw Errors.FailedToParse("Cannot use an expression without a top-level field name in arrayFilters");
            }
            var identifier = filter.GetElement(0).Name.Split('.')[0];
            if (identifier.StartsWith('$'))
            {
                throw Errors.NotInDouble($"{identifier} at the top of arrayFilters");
            }
            if (filter.Names.FirstOrDefault(name => name.Split('.')[0] != identifier) is { } other)
            {
                throw Errors.FailedToParse(
                    "Error parsing array filter :: caused by :: Expected a single top-level field name, "
                    + $"found '{identifier}' and '{other.Split('.')[0]}'");
            }
            if (!_conditions.TryAdd(identifier, FilterParser.Parse(filter)))
            {
                throw Errors.FailedToParse($"Found multiple array filters with the same top-level field name {identifier}");
            }
        }
    }

    /// <summary>Refuses paths without their filter, and filters without their path.</summary>
    public void Check(IEnumerable<UpdatePath> paths, BsonDocument update)
    {
        var used = new HashSet<string>();
        foreach (var path in paths)
        {
            foreach (var identifier in path.Components.Where(component => component.StartsWith("$[", StringComparison.Ordinal)).Select(Identifier))
            {
                if (identifier.Length > 0 && !_conditions.ContainsKey(identifier))
                {
                    throw Errors.BadValue($"No array filter found for identifier '{identifier}' in path '{path.Text}'");
                }
                used.Add(identifier);
            }
        }
        if (_conditions.Keys.FirstOrDefault(identifier => !used.Contains(identifier)) is { } unused)
        {
            throw Errors.FailedToParse($"The array filter for identifier '{unused}' was not used in the update {Values.Text.Of(update)}");
        }
    }

    /// <summary>Whether <c>$[]</c> or <c>$[identifier]</c> takes an element.</summary>
    public bool Takes(string component, BsonValue element, Evaluation evaluation)
    {
        var identifier = Identifier(component);
        return identifier.Length == 0 || _conditions[identifier].Matches(new(identifier, element), evaluation);
    }

    private static string Identifier(string component) => component[2..^1];
}
