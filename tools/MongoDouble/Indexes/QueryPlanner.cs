using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Storage;

namespace Relaybox.MongoDouble.Indexes;

/// <summary>
/// Chooses an index: equality on its first fields, then a range on the next, or its order. Of several the one that has the
/// fewest keys to read wins, as the server's trial runs find it.
/// </summary>
internal static class QueryPlanner
{
    private const int MostRanges = 1000;
    private const int TrialKeys = 200;

    /// <param name="hint">The name or the key of the index to take; null: the planner chooses.</param>
    /// <exception cref="ServerException">The hint names no index.</exception>
    public static QueryPlan Plan(
        Collection? collection, Filter filter, BsonDocument filterDocument, BsonDocument? sort, BsonValue? hint, Evaluation evaluation)
    {
        sort = sort is { ElementCount: > 0 } ? sort : null;
        var whole = new QueryPlan(collection, filter, null, [], false, sort is null, 0) { Sort = sort, FilterDocument = filterDocument };
        if (Natural(hint ?? sort) is { } direction)
        {
            return whole with { Backwards = direction < 0, Sort = Natural(sort) is null ? sort : null };
        }

        if (collection is null)
        {
            return whole;
        }

        var bounds = filter.Bounds(evaluation);
        if (hint is not null && !hint.IsBsonNull)
        {
            var hinted = Hinted(collection, hint);
            return Through(whole, hinted, bounds) is { } plan ? plan
                : throw ServerErrors.BadValue(
                    $"error processing query: ns={collection.Namespace} planner returned error :: caused by :: "
                    + "the hinted index cannot answer the query");
        }

        var candidates = collection.Indexes
            .Select(index => Usable(index, filter, bounds) ? Through(whole, index, bounds) : null)
            .OfType<QueryPlan>()
            .Where(plan => plan.BoundFields > 0 || (sort is not null && plan.ProvidesSort))
            .ToArray();
        return candidates.Length switch
        {
            0 => whole,
            1 => candidates[0],
            _ => candidates.MinBy(plan => (Cost(plan), -plan.BoundFields, plan.ProvidesSort ? 0 : 1))!,
        };
    }

    private static int? Natural(BsonValue? value) =>
        value is BsonDocument { ElementCount: 1 } document && document.GetElement(0).Name == "$natural" ? document[0].ToInt32() : null;

    private static CollectionIndex Hinted(Collection collection, BsonValue hint) =>
        collection.Indexes.FirstOrDefault(index => hint switch
        {
            BsonString name => index.Definition.Name == name.Value,
            BsonDocument key => index.Definition.Fields.SequenceEqual(key.Names)
                && index.Definition.Directions.SequenceEqual(key.Values.Select(value => value.ToDouble() < 0 ? -1 : 1)),
            _ => throw ServerErrors.FailedToParse("Hint must be a string or an object"),
        }) ?? throw ServerErrors.BadValue(
            $"error processing query: ns={collection.Namespace} planner returned error :: caused by :: hint provided does not correspond to an "
            + "existing index");

    // A sparse or partial index lacks documents: it must not lack one that matches.
    private static bool Usable(CollectionIndex index, Filter filter, IReadOnlyDictionary<string, FieldBounds> bounds)
    {
        if (index.Definition.FilterDocument is { } partial && !filter.Implies(partial))
        {
            return false;
        }

        return !index.Definition.IsSparse
            || index.Definition.Fields.Any(field => bounds.TryGetValue(field, out var bound) && !AllowsMissing(bound));
    }

    private static bool AllowsMissing(FieldBounds bound) => bound.Contains(BsonNull.Value);

    private static QueryPlan? Through(QueryPlan whole, CollectionIndex index, IReadOnlyDictionary<string, FieldBounds> bounds)
    {
        var definition = index.Definition;
        List<BsonValue[]> prefixes = [[]];
        var field = 0;
        var single = true;
        for (; field < definition.Fields.Length; field++)
        {
            // Over arrays two conditions may leave no common value, and still match.
            if (!bounds.TryGetValue(definition.Fields[field], out var bound) || bound.Values is not { } values
                || values.Count * prefixes.Count > MostRanges || (index.IsMultikey && values.Count == 0))
            {
                break;
            }

            single &= values.Count == 1;
            var directed = definition.Directions[field] < 0 ? values.Reverse().ToArray() : [.. values];
            prefixes = [.. prefixes.SelectMany(prefix => directed.Select(value => (BsonValue[])[.. prefix, value]))];
        }

        var next = field < definition.Fields.Length ? bounds.GetValueOrDefault(definition.Fields[field]) : null;
        var hasRange = next is { Values: null } && (next.Lower is not null || next.Upper is not null);
        KeyRange[] ranges = [.. prefixes.Select(prefix => hasRange
            ? Range(prefix, next!, definition.Directions[field], index.IsMultikey)
            : new KeyRange(prefix, -1, prefix, 1))];
        var backwards = false;
        var sorts = whole.Sort is not null && !index.IsMultikey && Sorts(definition, single ? field : 0, whole.Sort, bounds, out backwards);
        return whole with
        {
            Index = index,
            Ranges = ranges,
            Backwards = sorts && backwards,
            ProvidesSort = whole.Sort is null || sorts,
            BoundFields = field + (hasRange ? 1 : 0),
        };
    }

    private static KeyRange Range(BsonValue[] prefix, FieldBounds bound, int direction, bool isMultikey)
    {
        // An array may meet both bounds with different elements: then one bound alone can be used.
        var (lower, upper) = (bound.Lower, isMultikey && bound.Lower is not null ? null : bound.Upper);
        var (first, last) = direction > 0 ? (lower, upper) : (upper, lower);
        return new KeyRange(
            first is null ? prefix : [.. prefix, first.Value],
            first is { Inclusive: false } ? 1 : -1,
            last is null ? prefix : [.. prefix, last.Value],
            last is { Inclusive: false } ? -1 : 1);
    }

    // Whether the index's order is the wanted one, once its first fields have one value each.
    private static bool Sorts(
        IndexDefinition definition, int constant, BsonDocument sort, IReadOnlyDictionary<string, FieldBounds> bounds, out bool backwards)
    {
        backwards = false;
        bool? turned = null;
        var next = 0;
        foreach (var element in sort)
        {
            if (!element.Value.IsNumeric)
            {
                return false;
            }

            if (bounds.TryGetValue(element.Name, out var bound) && bound.Values is { Count: 1 }
                && Array.IndexOf(definition.Fields, element.Name, 0, constant) >= 0)
            {
                continue;
            }

            while (next < constant && definition.Fields[next] != element.Name)
            {
                next++;
            }

            if (next >= definition.Fields.Length || definition.Fields[next] != element.Name)
            {
                return false;
            }

            var against = definition.Directions[next] < 0 != element.Value.ToDouble() < 0;
            if (turned is { } before && before != against)
            {
                return false;
            }

            turned = against;
            next++;
        }

        backwards = turned ?? false;
        return true;
    }

    private static int Cost(QueryPlan plan)
    {
        var keys = 0;
        foreach (var range in plan.Ranges)
        {
            keys += plan.Index!.Range(range.Lower, range.LowerSide, range.Upper, range.UpperSide, false).Take(TrialKeys - keys + 1).Count();
            if (keys > TrialKeys)
            {
                break;
            }
        }

        return plan.ProvidesSort ? keys : keys * 2;
    }
}
